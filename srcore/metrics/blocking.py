"""PSNR that counts the edges of blocks: for JPEG and other codings by blocks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from srcore.metrics.color import luma
from srcore.metrics.options import PSNRBOptions
from srcore.metrics.pairs import cropped_pair
from srcore.options.declaration import defaults

_DEFAULT = defaults(PSNRBOptions)

Floats = NDArray[np.float64]


def psnr_b(
    sr: NDArray[Any],
    hr: NDArray[Any],
    *,
    crop_border: int = 0,
    y_channel: bool = False,
    block: int = _DEFAULT.block,
) -> float:
    """``10 log10(255^2 / (MSE + BEF))`` in dB (Yim and Bovik, IEEE TIP 20(1), 2011).

    With D_b the mean squared difference of neighbors on both sides of a block's edge and D_c that
    of all others, both of ``sr`` alone, the blocking effect factor is
    ``BEF = log2(B) / log2(min(H, W)) * max(0, D_b - D_c)`` for blocks of B x B pixels. It is not
    symmetric: ``hr`` may have what edges it likes.

    Blocks are counted from the corner of the whole image, also where a border is removed. Those of
    an enlarged JPEG are 8 times the scale.

    Args:
        sr: ``(H, W, C)`` RGB or ``(H, W)``, uint8 or float on the 0..255 scale.
        hr: the same shape.
        crop_border: pixels removed on all four sides.
        y_channel: compare BT.601 Y (not rounded) instead of all channels, of which each has a BEF
            of its own; the mean over channels counts.
        block: B in pixels.

    Raises:
        SrcoreError: unequal shapes, other types, or nothing left after the crop.

    >>> import srcore
    >>> image = srcore.testing.tiny_image().clip(0, 254)
    >>> psnr_b(image, image + 1) <= srcore.metrics.psnr(image, image + 1)
    True
    """
    sr, hr = cropped_pair(sr, hr, crop_border, y_channel=y_channel)
    if y_channel:
        sr, hr = luma(sr), luma(hr)
    sr, hr = sr.astype(np.float64), hr.astype(np.float64)
    planes = np.moveaxis(np.atleast_3d(sr), 2, 0)
    effect = np.mean([blocking_effect(plane, block, crop_border) for plane in planes])
    error = float(np.square(sr - hr).mean() + effect)
    return 10 * math.log10(255**2 / error) if error > 0 else math.inf


def blocking_effect(plane: Floats, block: int = _DEFAULT.block, offset: int = 0) -> float:
    """BEF of a plane ``(H, W)`` that begins ``offset`` pixels after the corner of a block."""
    edges, others = [], []
    for axis in (0, 1):
        squares = np.square(np.diff(plane, axis=axis))
        # the difference number i lies between the pixels i and i + 1
        is_edge = (np.arange(1, plane.shape[axis]) + offset) % block == 0
        edges.append(np.compress(is_edge, squares, axis).ravel())
        others.append(np.compress(~is_edge, squares, axis).ravel())
    on_edges, elsewhere = (np.concatenate(values) for values in (edges, others))
    if not len(on_edges) or not len(elsewhere) or min(plane.shape) < 2:
        return 0.0
    weight = math.log2(block) / math.log2(min(plane.shape))
    return weight * max(0.0, float(on_edges.mean() - elsewhere.mean()))


class PSNRB:
    """PSNR-B in dB as a component, see :func:`psnr_b`.

    Args:
        y_channel: on Y instead of RGB.
        block: side of a block in pixels.

    >>> import srcore.testing
    >>> image = srcore.testing.tiny_image().clip(0, 254)
    >>> round(PSNRB()(image, image + 1, crop_border=0), 1)
    49.5
    """

    higher_is_better = True
    default_crop_border = 0

    def __init__(
        self, *, y_channel: bool = _DEFAULT.y_channel, block: int = _DEFAULT.block
    ) -> None:
        self.y_channel, self.block = y_channel, block

    def __call__(
        self, sr: NDArray[np.uint8], hr: NDArray[np.uint8] | None, *, crop_border: int
    ) -> float:
        """PSNR-B of one image."""
        assert hr is not None  # the evaluator computes it for data with HR only: needs=("hr",)
        return psnr_b(sr, hr, crop_border=crop_border, y_channel=self.y_channel, block=self.block)
