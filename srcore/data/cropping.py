"""Training crops of a pair and their flips, all decided by one generator."""

from __future__ import annotations

import attrs
import numpy as np

from srcore.data.images import ImageArray
from srcore.errors import DataError


@attrs.frozen
class Crop:
    """A square on the grid of low-resolution pixels.

    Attributes:
        top: first row, low-resolution pixels.
        left: first column, low-resolution pixels.
        size: side, low-resolution pixels.
    """

    top: int
    left: int
    size: int

    def cut(self, image: ImageArray, scale: int = 1) -> ImageArray:
        """View of the square in an image that is ``scale`` times larger."""
        top, left, size = self.top * scale, self.left * scale, self.size * scale
        return image[top : top + size, left : left + size]


def draw_crop(
    height: int, width: int, size: int, generator: np.random.Generator, source: str = "image"
) -> Crop:
    """Uniform position of a square of side ``size`` in ``(height, width)``.

    Raises:
        DataError: the image is smaller; ``source`` is what the message names.
    """
    if min(height, width) < size:
        raise DataError(
            f"{source}: {width}x{height} pixels (width x height) are smaller than the crop of "
            f"{size}x{size}; lower hr_patch_size or leave the image out"
        )
    top = int(generator.integers(height - size + 1))
    left = int(generator.integers(width - size + 1))
    return Crop(top, left, size)


@attrs.frozen
class Orientation:
    """One of the eight ways to lay an image: applied in the order of the attributes.

    Attributes:
        flip: mirror left and right.
        upside_down: mirror top and bottom.
        transpose: exchange rows and columns.
    """

    flip: bool = False
    upside_down: bool = False
    transpose: bool = False

    def apply(self, image: ImageArray) -> ImageArray:
        """Lay an image ``(H, W, ...)``; the result is a view."""
        if self.flip:
            image = image[:, ::-1]
        if self.upside_down:
            image = image[::-1]
        return image.swapaxes(0, 1) if self.transpose else image


def draw_orientation(generator: np.random.Generator, *, flip: bool, rotate: bool) -> Orientation:
    """Every allowed step with probability 1/2: ``flip`` allows the first, ``rotate`` the others.

    Three numbers are drawn in any case, so that the options do not move other draws.
    """
    flips, upside_down, transposes = (bool(draw) for draw in generator.random(3) < 0.5)
    return Orientation(flip and flips, rotate and upside_down, rotate and transposes)


def finish(image: ImageArray, orientation: Orientation | None = None) -> ImageArray:
    """Lay an image and copy it: contiguous, writable, and no part of the whole image is kept."""
    if orientation is not None:
        image = orientation.apply(image)
    return np.array(image, order="C")


def multiple_of(image: ImageArray, factor: int) -> ImageArray:
    """View without the last rows and columns, so that both sides are multiples of ``factor``."""
    height, width = (side - side % factor for side in image.shape[:2])
    return image[:height, :width]
