"""Geometric self-ensemble: the mean of a network's answers to eight flipped and turned inputs."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn

from srcore.capabilities import capability


class SelfEnsemble(nn.Module):
    """Run a network on the eight symmetries of the square and average the results.

    Lim et al., "Enhanced Deep Residual Networks for Single Image Super-Resolution", 2017,
    section 3.4 (EDSR+). Costs eight times the time and no more memory.

    Args:
        network: ``(N, 3, h, w)`` -> ``(N, 3, scale*h, scale*w)``.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.scale = network.scale
        for name in ("receptive_radius", "tile_multiple", "in_channels"):
            setattr(self, name, capability("network", network, name))

    def forward(self, lr: Tensor, condition: Any = None, **fields: Tensor) -> Tensor:
        """``(N, 3, h, w)`` in [0, 1] -> mean of the eight outputs, turned back."""
        total = None
        given = {} if condition is None else {"condition": condition}
        for transpose in (False, True):
            for flips in ((), (-1,), (-2,), (-2, -1)):
                turned, *beside = (
                    _flipped(image, flips, transpose=transpose) for image in (lr, *fields.values())
                )
                given |= dict(zip(fields, beside, strict=True))
                sr = cast("Tensor", self.network(turned, **given))
                sr = torch.flip(sr.transpose(-2, -1) if transpose else sr, flips).float()
                total = sr if total is None else total.add_(sr)
        assert total is not None
        return total / 8


def _flipped(image: Tensor, flips: tuple[int, ...], *, transpose: bool) -> Tensor:
    flipped = torch.flip(image, flips)
    return (flipped.transpose(-2, -1) if transpose else flipped).contiguous()
