"""Peak signal-to-noise ratio."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from srcore.metrics.color import EDSR_LUMA, luma_difference
from srcore.metrics.options import PSNROptions
from srcore.metrics.pairs import cropped_pair
from srcore.options.declaration import defaults

_DEFAULT = defaults(PSNROptions)

Luma = Literal["matlab", "edsr"]

#: What :meth:`PSNR.pool` takes for the error of perfect images, over 255 squared: 300 dB.
LEAST_ERROR = 1e-30


def psnr(
    a: NDArray[Any],
    b: NDArray[Any],
    *,
    crop_border: int = 0,
    y_channel: bool = False,
    luma: Luma = _DEFAULT.luma,
) -> float:
    """``20 log10(255 / sqrt(MSE))`` in dB; infinity for equal images.

    The protocol of the field's tables (MATLAB, BasicSR): border pixels are removed first, Y is
    BT.601 in studio range and not rounded, the peak is 255 also on Y.

    Args:
        a: ``(H, W, C)`` RGB or ``(H, W)``, uint8 or float on the 0..255 scale.
        b: the same shape.
        crop_border: pixels removed on all four sides, usually the scale.
        y_channel: compare Y instead of all channels.
        luma: weights of Y: MATLAB's and BasicSR's, or ``"edsr"``, those of EDSR's program and its
            relatives (RCAN, NLSN, DLSN), which differ by some 1e-5 dB.

    Raises:
        SrcoreError: unequal shapes, other types, or nothing left after the crop.

    >>> import numpy as np
    >>> round(psnr(np.zeros((8, 8), np.uint8), np.full((8, 8), 255, np.uint8)), 6)
    0.0
    >>> import srcore
    >>> image = srcore.testing.tiny_image().clip(0, 254)
    >>> round(srcore.metrics.psnr(image, image + 1), 2)
    48.13
    """
    a, b = cropped_pair(a, b, crop_border, y_channel=y_channel)
    difference = a.astype(np.float64) - b
    if y_channel:
        weights = {"weights": EDSR_LUMA} if luma == "edsr" else {}
        difference = luma_difference(difference, **weights)
    error = cv2.norm(difference, cv2.NORM_L2SQR) / difference.size
    return 10 * math.log10(255**2 / error) if error > 0 else math.inf


class PSNR:
    """PSNR in dB as a component, see :func:`psnr`.

    Args:
        y_channel: on Y (the papers' tables) instead of RGB.
        luma: weights of Y, see :func:`psnr`.

    >>> import srcore.testing
    >>> image = srcore.testing.tiny_image().clip(0, 254)
    >>> round(PSNR(y_channel=False)(image, image + 1, crop_border=4), 2)
    48.13
    """

    higher_is_better = True
    portable = True

    def __init__(self, *, y_channel: bool = _DEFAULT.y_channel, luma: Luma = _DEFAULT.luma) -> None:
        self.y_channel = y_channel
        self.luma: Luma = luma

    def __call__(
        self, sr: NDArray[np.uint8], hr: NDArray[np.uint8] | None, *, crop_border: int
    ) -> float:
        """PSNR of one image."""
        assert hr is not None  # the evaluator computes it for data with HR only: needs=("hr",)
        return psnr(sr, hr, crop_border=crop_border, y_channel=self.y_channel, luma=self.luma)

    def pool(self, values: Sequence[float]) -> float:
        """PSNR of the mean squared error over all images: finite where some are perfect."""
        errors = [10 ** (-value / 10) for value in values]
        return -10 * math.log10(max(sum(errors) / len(errors), LEAST_ERROR))


class ChallengePSNR(PSNR):
    """PSNR as the challenges on efficient super-resolution measure it (NTIRE ESR).

    On all three channels of RGB images of 8 bits, ``10 log10(255^2 / MSE)`` with one mean squared
    error over pixels and channels, without 4 pixels on every side; then the mean over images, as
    in the reports of Li et al., "NTIRE 2022 Challenge on Efficient Super-Resolution", CVPRW 2022,
    and its successors at x4. It equals ``psnr`` with ``y_channel = false`` and ``crop_border = 4``.

    >>> import srcore.testing
    >>> image = srcore.testing.tiny_image().clip(0, 254)
    >>> metric = ChallengePSNR()
    >>> round(metric(image, image + 1, crop_border=metric.default_crop_border), 2)
    48.13
    """

    default_crop_border = 4

    def __init__(self) -> None:
        super().__init__(y_channel=False)
