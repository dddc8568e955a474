"""``min_size = "pad"``: images that are smaller than the crop go on as in a mirror."""

from __future__ import annotations

from typing import Literal

import attrs
import numpy as np

from srcore.data.cropping import Window
from srcore.images import ImageArray, ImageHeader
from srcore.sources.channels import given_channels
from srcore.sources.source import ImageSource

#: ``"reflect"`` does not repeat the last row and column, as the published loaders pad (OpenCV's
#: BORDER_REFLECT_101). ``"symmetric"`` repeats them, which keeps pairs of images aligned.
Mirror = Literal["reflect", "symmetric"]


def padded(
    source: ImageSource, smallest: int | None, min_size: str, *, multiple: int, mirror: Mirror
) -> ImageSource:
    """A source whose images have sides of ``smallest`` at least, if ``min_size`` is ``"pad"``."""
    if min_size != "pad" or smallest is None:
        return source
    return PaddedSource(source, smallest, multiple, mirror)


class PaddedSource:
    """Images of another source, continued to the right and below where they are too small.

    Args:
        source: where they come from.
        smallest: least side.
        multiple: sides that are continued are cut to a multiple of it first.
        mirror: how they are continued.
    """

    def __init__(self, source: ImageSource, smallest: int, multiple: int, mirror: Mirror) -> None:
        self._source = source
        self.channels = given_channels(source)
        self._smallest = smallest
        self._multiple = multiple
        self._mirror = mirror

    def __len__(self) -> int:
        return len(self._source)

    def name(self, index: int) -> str:
        """Stem of the image's file."""
        return self._source.name(index)

    def where(self, index: int) -> str:
        """What an error about the image names."""
        return self._source.where(index)

    def header(self, index: int) -> ImageHeader:
        """Size after padding, and depth."""
        header = self._source.header(index)
        height, width = self._grown(header.height), self._grown(header.width)
        return attrs.evolve(header, height=height, width=width)

    def read(self, index: int) -> ImageArray:
        """The image ``(H, W, 3)``, padded if it is too small."""
        image = self._source.read(index)
        for axis in (0, 1):
            side = image.shape[axis]
            kept = self._kept(side)
            if kept:  # of an image without one whole pixel, nothing can be made
                image = image.take(range(kept), axis) if kept < side else image
                border = [(0, 0)] * image.ndim
                border[axis] = (0, self._grown(side) - kept)
                image = np.pad(image, border, self._mirror)
        return image

    def read_window(self, index: int, window: Window) -> ImageArray:
        """A part ``(h, w, 3)`` of the padded image."""
        header = self._source.header(index)
        inside = window.bottom <= self._kept(header.height)
        if inside and window.right <= self._kept(header.width):
            return self._source.read_window(index, window)
        return window.cut(self.read(index))

    def _kept(self, side: int) -> int:
        """What stays of a side: all of it where it is long enough."""
        cut = side - side % self._multiple
        return cut if cut < self._smallest else side

    def _grown(self, side: int) -> int:
        kept = self._kept(side)
        return max(kept, self._smallest) if kept else side
