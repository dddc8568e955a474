"""Exponential moving average of a network's parameters."""

from __future__ import annotations

import copy

import torch
from torch import nn


class ExponentialAverage:
    """Keeps ``average = decay * average + (1 - decay) * parameters``; starts as a copy.

    Parameters are averaged; buffers keep the values they started with, as the field's programs do
    (Polyak averaging as in ESRGAN, Real-ESRGAN and LDL).

    Args:
        network: the network that is trained.
        decay: weight of the past, in [0, 1).

    Attributes:
        network: the averaged network, in evaluation mode and without gradients.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.source = network
        self.network = copy.deepcopy(network).eval().requires_grad_(False)

    @torch.no_grad()
    def update(self) -> None:
        """Move the average towards the network's present parameters."""
        torch._foreach_lerp_(
            list(self.network.parameters()), list(self.source.parameters()), 1.0 - self.decay
        )
