"""BT.601 color conversion in studio range, the one of MATLAB and of the field's tables.

Y lies in 16..235, Cb and Cr in 16..240. OpenCV's and Pillow's YCbCr use the full range and give
other numbers (1.32 dB in PSNR).
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from srcore.errors import SrcoreError

#: Rows Y, Cb, Cr; columns R, G, B in [0, 1]; result on the 0..255 scale before the offset.
RGB_TO_YCBCR = np.array(
    [[65.481, 128.553, 24.966], [-37.797, -74.203, 112.0], [112.0, -93.786, -18.214]]
)
OFFSET = np.array([16.0, 128.0, 128.0])
#: Weights of Y in EDSR's program and its relatives: BT.601 of 256 levels, of R, G, B on 0..255.
EDSR_LUMA = np.array([[65.738, 129.057, 25.064]]) / 256

Array = NDArray[Any]


def luma(image: Array) -> NDArray[np.float64]:
    """Unrounded Y on the 0..255 scale, for metrics.

    Args:
        image: ``(H, W, 3)``, RGB on the 0..255 scale, any type.

    Returns:
        ``(H, W)``.
    """
    shifted: NDArray[np.float64] = luma_difference(image) + OFFSET[0]
    return shifted


def luma_difference(
    difference: Array, weights: NDArray[np.float64] = RGB_TO_YCBCR[:1] / 255
) -> NDArray[np.float64]:
    """Y of a difference of images: :func:`luma` without its offset.

    ``(H, W, 3)``, differences of values in 0..255 -> ``(H, W)``.
    """
    linear = np.ascontiguousarray(difference, np.float64)
    weighted = np.asarray(cv2.transform(linear, weights), np.float64)
    return weighted.reshape(linear.shape[:2])


def rgb_to_y(image: Array) -> Array:
    """Y of an RGB image ``(H, W, 3)``: uint8 to rounded uint8, float in [0, 1] to [0, 1]."""
    return rgb_to_ycbcr(image)[..., 0]


def rgb_to_ycbcr(image: Array) -> Array:
    """Y, Cb, Cr of an RGB image ``(H, W, 3)``: uint8 to rounded uint8, float [0, 1] to [0, 1]."""
    unit, kind = _to_unit(image)
    return _from_255(unit @ RGB_TO_YCBCR.T + OFFSET, kind)


def ycbcr_to_rgb(image: Array) -> Array:
    """Inverse of :func:`rgb_to_ycbcr`, clipped for uint8.

    ``(H, W, 3)``: uint8 to rounded uint8, float to float, for which Y lies in [0, 1].
    """
    unit, kind = _to_unit(image)
    return _from_255((unit * 255 - OFFSET) @ np.linalg.inv(RGB_TO_YCBCR).T * 255, kind)


def _to_unit(image: Array) -> tuple[NDArray[np.float64], np.dtype[Any]]:
    if image.ndim != 3 or image.shape[2] != 3:
        raise SrcoreError(f"image has shape {image.shape}; expected (H, W, 3)")
    if image.dtype == np.uint8:
        return image / 255.0, image.dtype
    if image.dtype.kind == "f":
        return image.astype(np.float64), image.dtype
    raise SrcoreError(f"image has type {image.dtype}; expected uint8, or float in [0, 1]")


def _from_255(values: NDArray[np.float64], kind: np.dtype[Any]) -> Array:
    if kind == np.uint8:
        return np.clip(np.round(values), 0, 255).astype(np.uint8)
    return (values / 255).astype(kind)
