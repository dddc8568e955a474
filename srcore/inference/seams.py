"""By how much tiles differ where they meet: what shows, measured on the image itself.

Where tiles are faded into each other both were computed, so their difference is known without
further work. There every tile has the least context of all its pixels that are seen.
"""

from __future__ import annotations

import logging
import math
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from srcore.inference.backends.program import name_of
from srcore.options.spelling import spelled

logger = logging.getLogger("srcore")

_LEVELS = 255
_told: WeakKeyDictionary[nn.Module, int] = WeakKeyDictionary()


class Seams:
    """Differences of neighboring tiles of one image."""

    def __init__(self) -> None:
        self._largest: Tensor | None = None

    def compare(self, first: Tensor, second: Tensor) -> None:
        """Two tiles ``(N, C, h, w)`` on the same pixels; images show what is in [0, 1]."""
        if not first.numel():
            return
        difference = (first.clamp(0, 1) - second.clamp(0, 1)).abs().max()
        self._largest = (
            difference if self._largest is None else torch.maximum(self._largest, difference)
        )

    @property
    def levels(self) -> int:
        """Largest difference in gray levels of 8 bits, rounded up."""
        return 0 if self._largest is None else math.ceil(_LEVELS * float(self._largest) - 1e-3)

    def tell_of(self, network: nn.Module) -> None:
        """Log more than one level, if no earlier image of the network had as much."""
        if self.levels <= max(1, _told.get(network, 1)):
            return
        _told[network] = self.levels
        logger.warning(
            "%s: tiles differ by up to %d gray levels where they meet; a larger %s brings "
            "them nearer to the whole image, %s runs it whole",
            name_of(network),
            self.levels,
            spelled("overlap"),
            spelled("tile", None),
        )
