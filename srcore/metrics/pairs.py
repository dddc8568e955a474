"""What full-reference metrics accept: pairs of images on the 0..255 scale."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from srcore.errors import SrcoreError

Array = NDArray[Any]


def cropped_pair(a: Array, b: Array, crop_border: int, *, y_channel: bool) -> tuple[Array, Array]:
    """Both images without ``crop_border`` pixels on all four sides.

    Images are ``(H, W, C)`` or ``(H, W)``.

    Raises:
        SrcoreError: unequal or unsuitable shapes or types, or nothing left.
    """
    if a.shape != b.shape:
        raise SrcoreError(f"images have shapes {a.shape} and {b.shape}; expected equal shapes")
    for image in (a, b):
        _check_measurable(image, y_channel=y_channel)
    if crop_border < 0:
        raise SrcoreError(f"crop_border is {crop_border}; expected 0 or more pixels")
    height, width = a.shape[:2]
    if 2 * crop_border >= min(height, width):
        raise SrcoreError(
            f"crop_border = {crop_border} leaves nothing of an image of {width}x{height} pixels"
        )
    inner = slice(crop_border, -crop_border or None)
    return a[inner, inner], b[inner, inner]


def _check_measurable(image: Array, *, y_channel: bool) -> None:
    if image.dtype != np.uint8 and image.dtype.kind != "f":
        raise SrcoreError(
            f"image has type {image.dtype}; expected uint8, or float on the 0..255 scale"
        )
    if image.ndim not in (2, 3):
        raise SrcoreError(f"image has shape {image.shape}; expected (H, W) or (H, W, C)")
    if y_channel and image.shape[2:] != (3,):
        raise SrcoreError(f"y_channel needs RGB images (H, W, 3); found shape {image.shape}")
