"""Cutting large images into sub-images, so that training crops decode less.

The rule and the names are those of the BasicSR extraction script.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from srcore.images import ImageArray
from srcore.options.declaration import defaults
from srcore.prepare.options import SubImageOptions

_DEFAULT = defaults(SubImageOptions)


def grid(
    height: int, width: int, crop: int, step: int, threshold: int = _DEFAULT.threshold
) -> list[tuple[int, int]]:
    """(top, left) of all sub-images, row by row.

    Along each axis 0, step, 2 step, ... while the crop fits; if the rest is larger than
    ``threshold``, one more that ends at the far edge. An image smaller than the crop has none.

    Args:
        height: of the image.
        width: of the image.
        crop: side of the sub-images.
        step: distance between neighbors.
        threshold: largest rest that is left out, pixels.
    """
    lefts = _positions(width, crop, step, threshold)
    return [(top, left) for top in _positions(height, crop, step, threshold) for left in lefts]


def sub_images(
    image: ImageArray, stem: str, crop: int, step: int, threshold: int = _DEFAULT.threshold
) -> Iterator[tuple[str, ImageArray]]:
    """Yield (stem of the file, view) of every sub-image: ``<base name>_s001``, ...

    The image is ``(H, W, C)``, uint8 or uint16; views are ``(crop, crop, C)``.
    """
    height, width = image.shape[:2]
    corners = grid(height, width, crop, step, threshold)
    for name, (top, left) in zip(names_of_cuts(stem, len(corners)), corners, strict=True):
        yield name, image[top : top + crop, left : left + crop]


def names_of_cuts(stem: str, count: int) -> list[str]:
    """Stems of the sub-images of an image, as many as it has."""
    return [f"{base_name(stem)}_s{number:03d}" for number in range(1, count + 1)]


def base_name(stem: str) -> str:
    """A stem without the tokens x2, x3, x4 and x8: high- and low-resolution names agree then."""
    return re.sub("x[2348]", "", stem)


def _positions(size: int, crop: int, step: int, threshold: int) -> list[int]:
    if size < crop:
        return []
    positions = list(range(0, size - crop + 1, step))
    rest = size - (positions[-1] + crop)
    return [*positions, size - crop] if rest > threshold else positions
