"""Which part of an image becomes a training crop, and how it is laid: one generator decides."""

from __future__ import annotations

import attrs
import numpy as np

from srcore.errors import DataError
from srcore.images import ImageArray


@attrs.frozen
class Window:
    """A rectangle of pixels.

    Attributes:
        top: first row.
        left: first column.
        height: rows.
        width: columns.
    """

    top: int
    left: int
    height: int
    width: int

    @property
    def bottom(self) -> int:
        """First row below."""
        return self.top + self.height

    @property
    def right(self) -> int:
        """First column to the right."""
        return self.left + self.width

    def cut(self, image: ImageArray) -> ImageArray:
        """View of the window in an image ``(H, W, C)``."""
        return image[self.top : self.bottom, self.left : self.right]

    def times(self, scale: int) -> Window:
        """The same place in an image that is ``scale`` times larger."""
        return Window(self.top * scale, self.left * scale, self.height * scale, self.width * scale)

    def grown(self, margin: int, height: int, width: int) -> Window:
        """With ``margin`` more pixels on every side, as far as an image of this size goes."""
        top, left = max(0, self.top - margin), max(0, self.left - margin)
        bottom, right = min(height, self.bottom + margin), min(width, self.right + margin)
        return Window(top, left, bottom - top, right - left)

    def within(self, other: Window) -> Window:
        """Coordinates that count from the corner of ``other``."""
        return Window(self.top - other.top, self.left - other.left, self.height, self.width)


def draw_window(
    height: int, width: int, size: int | None, generator: np.random.Generator | None, source: str
) -> Window:
    """Uniform position of a square of side ``size`` in ``(height, width)``.

    Without size or generator it is the whole image.

    Raises:
        DataError: the image is smaller; ``source`` is what the message names.
    """
    if size is None or generator is None:
        return Window(0, 0, height, width)
    if min(height, width) < size:
        raise DataError(
            f"{source}: {width}x{height} pixels (width x height) are smaller than the crop of "
            f"{size}x{size}; lower hr_patch_size or leave the image out"
        )
    top = int(generator.integers(height - size + 1))
    left = int(generator.integers(width - size + 1))
    return Window(top, left, size, size)


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


def draw_orientation(
    generator: np.random.Generator | None, *, flip: bool, rotate: bool
) -> Orientation:
    """Every allowed step with probability 1/2: ``flip`` allows the first, ``rotate`` the others.

    Three numbers are drawn in any case, so that the options do not move other draws. Without
    generator nothing is turned.
    """
    if generator is None:
        return Orientation()
    flips, upside_down, transposes = (bool(draw) for draw in generator.random(3) < 0.5)
    return Orientation(flip and flips, rotate and upside_down, rotate and transposes)


def oriented(image: ImageArray, orientation: Orientation) -> ImageArray:
    """Lay an image and copy it: contiguous, writable, and no part of the whole image is kept.

    Images are ``(H, W, C)``; those laid on their side are ``(W, H, C)`` afterwards.
    """
    return np.array(orientation.apply(image), order="C")


def multiple_of(image: ImageArray, factor: int) -> ImageArray:
    """View without the last rows and columns, so that both sides are multiples of ``factor``.

    Images are ``(H, W, C)``.
    """
    height, width = (side - side % factor for side in image.shape[:2])
    return image[:height, :width]
