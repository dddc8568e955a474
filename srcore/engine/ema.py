"""Exponential moving average of a network."""

from __future__ import annotations

import copy

import torch
from torch import nn

from srcore.engine.shared_buffers import share_buffers
from srcore.plugin.calling import remember_copy

#: With warm-up, the decay of update ``t`` is at most ``t / (t + AGE)``: weights of the average are
#: ``t / (AGE + 1)`` updates old in the mean, 5 % of the training whatever its length, until
#: ``decay`` is reached. With 9, as in TensorFlow's averages, a small EDSR was 0.52 dB behind its
#: plain weights after 1000 iterations; ``tests/engine/test_ema.py`` allows 0.5.
AGE = 19


class ExponentialAverage:
    """Keeps ``average = d * average + (1 - d) * parameters``; starts as a copy.

    By default ``d`` is constant and buffers stay those of the start, as published (Polyak averaging
    as in ESRGAN, Real-ESRGAN and LDL). After ``t`` updates the average then still holds
    ``decay ** t`` of the random start: 37 % after 1000 updates of 0.999. With ``warmup`` the decay
    grows: ``d = min(decay, t / (t + AGE))``.

    Args:
        network: the network that is trained.
        decay: weight of the past, in [0, 1).
        warmup: let the decay grow into its value.
        copy_buffers: at every update. Statistics of batch normalization are averages already, and
            those of the start belong to no trained network, so the engine always does it.

    Attributes:
        network: the averaged network, in evaluation mode and without gradients.
        updates: how many there were; the decay depends on it, so it belongs to the saved state.
    """

    def __init__(
        self,
        network: nn.Module,
        decay: float,
        *,
        warmup: bool = False,
        copy_buffers: bool = False,
    ) -> None:
        self.decay = decay
        self.warmup = warmup
        self.copy_buffers = copy_buffers
        self.updates = 0
        self.source = network
        average = copy.deepcopy(network).eval().requires_grad_(False)
        self.network: nn.Module = remember_copy(average, network)

    @property
    def present_decay(self) -> float:
        """Weight of the past in the latest update."""
        return min(self.decay, self.updates / (self.updates + AGE)) if self.warmup else self.decay

    @torch.no_grad()
    def update(self) -> None:
        """Move the average towards the network's present state."""
        self.updates += 1
        torch._foreach_lerp_(
            list(self.network.parameters()),
            list(self.source.parameters()),
            1.0 - self.present_decay,
        )
        if self.copy_buffers:
            self._copy_buffers()

    def _copy_buffers(self) -> None:
        own = dict(self.network.named_buffers())
        for name, buffer in self.source.named_buffers():
            own[name].copy_(buffer)
        share_buffers(self.network)


def remainder(decay: float, updates: int) -> float:
    """Share of the start that a constant decay leaves in the average."""
    return float(decay**updates)
