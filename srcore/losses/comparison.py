"""Losses that compare the generator's output with an image of its size, in float32 at least."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from srcore.contracts import LossContext
from srcore.losses.entries import require_side, same_size_entry
from srcore.losses.options import ComparisonOptions
from srcore.machine.devices import at_least_float32
from srcore.options.declaration import defaults

_DEFAULT = defaults(ComparisonOptions)


class ComparisonLoss(nn.Module):
    """Compares two images of one size; subclasses say how.

    Whatever the precision of the training, images are compared in float32 (float64 stays): sums of
    squares and spectra suffer from 16 bits.

    Args:
        target: batch entry to compare with, ``(N, C, H, W)`` like ``sr``.

    Attributes:
        name: as in the experiment file, for messages.
        least_side: pixels that both sides of the images must have.
    """

    name = "comparison"
    least_side = 1

    def __init__(self, target: str = _DEFAULT.target) -> None:
        super().__init__()
        self.target = target

    def forward(self, context: LossContext) -> Tensor:
        """The unweighted term."""
        target = same_size_entry(context, self.target, self.name)
        require_side(target, self.least_side, self.name)
        with torch.autocast(target.device.type, enabled=False):
            return self.compare(at_least_float32(context.sr), at_least_float32(target))

    def compare(self, sr: Tensor, target: Tensor) -> Tensor:
        """The loss of a batch of pairs."""
        raise NotImplementedError
