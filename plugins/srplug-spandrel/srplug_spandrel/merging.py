"""Convolutions that are trained with branches and used as one (SPAN's Conv3XC)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

#: Classes of spandrel with ``update_params()``, which merges their branches into ``eval_conv``.
_MERGING = ("Conv3XC",)


def mergeable(network: nn.Module) -> Iterator[Any]:
    """Modules of a network that merge their branches."""
    for module in network.modules():
        if type(module).__name__ in _MERGING:
            yield module


def steady_(network: nn.Module) -> None:
    """Have branches merged in the precision of the weights, whatever the images are computed in."""
    for module in mergeable(network):
        module.update_params = _Merging(module)


def merge_(module: Any) -> None:
    """Merge the branches once and for all."""
    module.update_params()
    module.update_params = nothing_left
    module.weight_concat = module.bias_concat = None  # what was merged is in eval_conv


def nothing_left() -> None:
    """What is left to do for merged branches."""


class _Merging:
    """Merges the branches of one module: of its own, in a copy too."""

    def __init__(self, module: Any) -> None:
        self.module = module

    def __call__(self) -> None:
        """Merge, in the precision of the weights."""
        device = next(self.module.parameters()).device.type
        with torch.autocast(device, enabled=False):
            type(self.module).update_params(self.module)
