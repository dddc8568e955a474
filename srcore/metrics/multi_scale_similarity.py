"""Structural similarity at five scales."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from srcore.errors import SrcoreError
from srcore.metrics.color import luma
from srcore.metrics.options import MS_SSIM_LEAST, MSSSIMOptions
from srcore.metrics.pairs import cropped_pair
from srcore.metrics.structural_similarity import planes_of, similarity
from srcore.options.declaration import defaults

_DEFAULT = defaults(MSSSIMOptions)

#: Exponents of the scales, from the finest: Wang et al. 2003, section 3.2.
EXPONENTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def ms_ssim(
    a: NDArray[Any], b: NDArray[Any], *, crop_border: int = 0, y_channel: bool = False
) -> float:
    """MS-SSIM (Wang, Simoncelli, Bovik, Asilomar 2003, eq. 7), in [0, 1]; 1 for equal images.

    ``l_M^w_M * prod_j cs_j^w_j``: contrast and structure at five scales, luminance at the coarsest
    one, each the mean over all windows inside the image (11x11, sigma 1.5); the next scale is the
    mean of 2x2 pixels, of which the last of odd sides count twice, as in the authors' program and
    TensorFlow. Negative similarities count as 0. Of several channels the mean of their values.

    Args:
        a: ``(H, W, C)`` RGB or ``(H, W)``, uint8 or float on the 0..255 scale.
        b: the same shape.
        crop_border: pixels removed on all four sides, usually the scale.
        y_channel: compare BT.601 Y (not rounded) instead of all channels.

    Raises:
        SrcoreError: unequal shapes, other types, or less than 161 pixels left after the crop.
    """
    a, b = cropped_pair(a, b, crop_border, y_channel=y_channel)
    if min(a.shape[:2]) < MS_SSIM_LEAST:
        raise SrcoreError(
            f"ms_ssim needs {MS_SSIM_LEAST} pixels per side; {a.shape[1]}x{a.shape[0]} are left "
            f"after the crop of {crop_border}"
        )
    pairs = [(luma(a), luma(b))] if y_channel else zip(planes_of(a), planes_of(b), strict=True)
    return float(np.mean([_product_of_scales(*pair) for pair in pairs]))


def _product_of_scales(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    product = 1.0
    for number, exponent in enumerate(EXPONENTS, 1):
        value = similarity(a, b, with_luminance=number == len(EXPONENTS))
        product *= max(0.0, value) ** exponent
        a, b = _halved(a), _halved(b)
    return product


def _halved(plane: NDArray[np.float64]) -> NDArray[np.float64]:
    rows, columns = (side % 2 for side in plane.shape)
    if rows or columns:
        border = cv2.BORDER_REPLICATE
        plane = np.asarray(cv2.copyMakeBorder(plane, 0, rows, 0, columns, border), np.float64)
    height, width = plane.shape
    halved: NDArray[np.float64] = plane.reshape(height // 2, 2, width // 2, 2).mean((1, 3))
    return halved


class MSSSIM:
    """MS-SSIM as a component, see :func:`ms_ssim`.

    Args:
        y_channel: on Y instead of RGB.

    >>> image = np.random.default_rng(1).integers(0, 256, (176, 176, 3), np.uint8)
    >>> metric = MSSSIM(y_channel=True)
    >>> round(metric(image, image, crop_border=4), 6)
    1.0
    >>> metric(255 - image, image, crop_border=4)
    0.0
    """

    higher_is_better = True
    portable = True

    def __init__(self, *, y_channel: bool = _DEFAULT.y_channel) -> None:
        self.y_channel = y_channel

    def __call__(
        self, sr: NDArray[np.uint8], hr: NDArray[np.uint8] | None, *, crop_border: int
    ) -> float:
        """MS-SSIM of one image."""
        assert hr is not None  # the evaluator computes it for data with HR only: needs=("hr",)
        return ms_ssim(sr, hr, crop_border=crop_border, y_channel=self.y_channel)
