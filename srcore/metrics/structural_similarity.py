"""Structural similarity."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from srcore.errors import SrcoreError
from srcore.metrics.color import luma
from srcore.metrics.options import SSIM_WINDOW, SSIMOptions
from srcore.metrics.pairs import cropped_pair
from srcore.options.declaration import defaults

_DEFAULT = defaults(SSIMOptions)

#: Width and sigma of the Gaussian window in pixels.
WINDOW_SIZE = SSIM_WINDOW
SIGMA = 1.5
#: Rows of the map computed at once: a dozen arrays of that height stay in the processor's cache.
STRIP = 64
C1 = (0.01 * 255) ** 2
C2 = (0.03 * 255) ** 2


def ssim(
    a: NDArray[Any], b: NDArray[Any], *, crop_border: int = 0, y_channel: bool = False
) -> float:
    """Mean structural similarity (Wang et al., 2004), in [-1, 1]; 1 for equal images.

    Gaussian window of 11x11 pixels with sigma 1.5, biased variances, only positions where the
    window lies inside the image, mean over channels, no automatic down-sampling: MATLAB's numbers
    in the field's tables, and BasicSR's.

    Args:
        a: ``(H, W, C)`` RGB or ``(H, W)``, uint8 or float on the 0..255 scale.
        b: the same shape.
        crop_border: pixels removed on all four sides, usually the scale.
        y_channel: compare BT.601 Y (not rounded) instead of all channels.

    Raises:
        SrcoreError: unequal shapes, other types, or less than 11 pixels left after the crop.

    >>> import srcore
    >>> image = srcore.testing.tiny_image()
    >>> round(srcore.metrics.ssim(image, image, crop_border=4, y_channel=True), 6)
    1.0
    """
    a, b = cropped_pair(a, b, crop_border, y_channel=y_channel)
    if min(a.shape[:2]) < WINDOW_SIZE:
        raise SrcoreError(
            f"ssim needs {WINDOW_SIZE} pixels per side; {a.shape[1]}x{a.shape[0]} are left after "
            f"the crop of {crop_border}"
        )
    if y_channel:
        return similarity(luma(a), luma(b))
    channels = zip(planes_of(a), planes_of(b), strict=True)
    return float(np.mean([similarity(*pair) for pair in channels]))


def planes_of(image: NDArray[Any]) -> list[NDArray[np.float64]]:
    """The channels of an image ``(H, W, C)`` or ``(H, W)``."""
    planes = np.moveaxis(np.atleast_3d(image), 2, 0)
    return [np.ascontiguousarray(plane, np.float64) for plane in planes]


def similarity(
    a: NDArray[np.float64], b: NDArray[np.float64], *, with_luminance: bool = True
) -> float:
    """Mean of the map of two planes ``(H, W)``; without luminance that of the other factors."""
    rows, columns = (side - WINDOW_SIZE + 1 for side in a.shape)
    total = 0.0
    for top in range(0, rows, STRIP):
        strip = slice(top, top + STRIP + WINDOW_SIZE - 1)
        total += float(_similarity_map(a[strip], b[strip], with_luminance).sum())
    return float(total / (rows * columns))


def _similarity_map(
    a: NDArray[np.float64], b: NDArray[np.float64], with_luminance: bool
) -> NDArray[np.float64]:
    mean_a, mean_b = _blur(a), _blur(b)
    product = mean_a * mean_b
    squares = mean_a**2 + mean_b**2
    covariance = _blur(a * b) - product
    # The two variances occur only as a sum, which takes one blur instead of two.
    variances = _blur(a**2 + b**2) - squares
    alike: NDArray[np.float64] = 2 * covariance + C2
    divisor = variances + C2
    if with_luminance:
        alike *= 2 * product + C1
        divisor *= squares + C1
    alike /= divisor
    return alike


def _blur(plane: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gaussian window at all positions inside the plane: 10 pixels less per side length."""
    window = cv2.getGaussianKernel(WINDOW_SIZE, SIGMA)
    blurred = np.asarray(cv2.sepFilter2D(plane, cv2.CV_64F, window, window), np.float64)
    inner = slice(WINDOW_SIZE // 2, -(WINDOW_SIZE // 2))
    return blurred[inner, inner]


class SSIM:
    """SSIM as a component, see :func:`ssim`.

    Args:
        y_channel: on Y (the papers' tables) instead of RGB.

    >>> import srcore.testing
    >>> image = srcore.testing.tiny_image()
    >>> round(SSIM(y_channel=True)(image, image, crop_border=4), 6)
    1.0
    """

    higher_is_better = True
    portable = True

    def __init__(self, *, y_channel: bool = _DEFAULT.y_channel) -> None:
        self.y_channel = y_channel

    def __call__(
        self, sr: NDArray[np.uint8], hr: NDArray[np.uint8] | None, *, crop_border: int
    ) -> float:
        """SSIM of one image."""
        assert hr is not None  # the evaluator computes it for data with HR only: needs=("hr",)
        return ssim(sr, hr, crop_border=crop_border, y_channel=self.y_channel)
