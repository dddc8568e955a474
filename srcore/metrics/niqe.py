"""Natural image quality evaluator: no reference, lower is better.

Mittal, Soundararajan and Bovik, "Making a Completely Blind Image Quality Analyzer", IEEE Signal
Processing Letters, 2012. Written from the description of the method; the model of natural images
in ``niqe_parameters.npz`` (mean and covariance of 36 features) is the one of the authors' software
release, Copyright (c) 2012 The University of Texas at Austin, Laboratory for Image and Video
Engineering (http://live.ece.utexas.edu), whose notice is in the file's entry ``notice``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import attrs
import cv2
import numpy as np
from numpy.typing import NDArray

from srcore.errors import SrcoreError
from srcore.metrics.color import luma
from srcore.metrics.options import NIQE_BLOCK, NIQEOptions
from srcore.options.declaration import defaults

_DEFAULT = defaults(NIQEOptions)

#: Side of a block in pixels at full size; features come from this size and from half of it.
BLOCK = NIQE_BLOCK

#: Neighbors (rows, columns) whose products with a pixel are described.
SHIFTS = ((0, 1), (1, 0), (1, 1), (1, -1))

Floats = NDArray[np.float64]
Halving = Literal["matlab", "bilinear"]


@attrs.frozen(eq=False)
class NaturalModel:
    """Statistics of natural images: ``mean`` ``(36,)`` and ``covariance`` ``(36, 36)``."""

    mean: Floats
    covariance: Floats


@lru_cache(maxsize=1)
def published_model() -> NaturalModel:
    """The model of the authors' software release."""
    with np.load(Path(__file__).with_name("niqe_parameters.npz"), allow_pickle=False) as data:
        return NaturalModel(data["mean"], data["covariance"])


def niqe(
    image: NDArray[Any],
    *,
    crop_border: int = 0,
    halving: Halving = _DEFAULT.halving,
    model: NaturalModel | None = None,
    block: int = BLOCK,
) -> float:
    """Distance of an image's statistics from those of natural images.

    Args:
        image: ``(H, W, 3)`` RGB or ``(H, W)``, uint8 or float on the 0..255 scale.
        crop_border: pixels removed on all four sides.
        halving: how the second scale is made: ``"matlab"`` rounds Y to integers and uses MATLAB's
            antialiased bicubic, as the authors' release; ``"bilinear"`` leaves Y as it is and
            averages 2x2 pixels, as earlier versions of BasicSR.
        model: None for the published one.
        block: side of a block in pixels; even.

    Returns:
        At least 0. With few blocks float noise moves it by some tenths of a percent.

    Raises:
        SrcoreError: the image holds less than two whole blocks, or too little texture.
    """
    model = published_model() if model is None else model
    inner = slice(crop_border, -crop_border or None)
    plane = _luma_blocks(image[inner, inner], block, rounded=halving == "matlab")
    half = _half_matlab(plane) if halving == "matlab" else _half_bilinear(plane)
    features = np.hstack([_block_features(plane, block), _block_features(half, block // 2)])
    complete = features[~np.isnan(features).any(axis=1)]
    if len(complete) < 2:
        raise SrcoreError("niqe: less than two blocks of the image have any texture")
    difference = model.mean - np.nanmean(features, axis=0)
    covariance = (model.covariance + np.cov(complete, rowvar=False)) / 2
    return math.sqrt(difference @ np.linalg.pinv(covariance) @ difference)


def _luma_blocks(image: NDArray[Any], block: int, *, rounded: bool) -> Floats:
    """Y cut at the bottom and right to whole blocks."""
    height, width = (side // block * block for side in image.shape[:2])
    if height * width < 2 * block**2:
        raise SrcoreError(
            f"niqe needs at least two blocks of {block}x{block} pixels; "
            f"found {image.shape[1]}x{image.shape[0]} pixels"
        )
    cut = image[:height, :width]
    plane = luma(cut) if image.ndim == 3 else cut.astype(np.float64)
    return np.round(plane) if rounded else plane


def _half_matlab(plane: Floats) -> Floats:
    import torch

    from srcore.transforms.resize import resize

    half: Floats = resize(torch.from_numpy(plane / 255), scale=0.5, dialect="matlab").numpy() * 255
    return half


def _half_bilinear(plane: Floats) -> Floats:
    height, width = plane.shape
    blocks = plane.reshape(height // 2, 2, width // 2, 2)
    half: Floats = blocks.mean(axis=(1, 3))
    return half


def _block_features(plane: Floats, block: int) -> Floats:
    """18 features of every block: ``(blocks, 18)``."""
    height, width = plane.shape
    # (rows, block, columns, block) -> (rows * columns, block, block)
    blocks = _normalized_plane(plane).reshape(height // block, block, width // block, block)
    blocks = blocks.transpose(0, 2, 1, 3).reshape(-1, block, block)
    alpha, left, right = _fit_gaussian(blocks)
    features = [alpha, (left + right) / 2]
    for shift in SHIFTS:
        alpha, left, right = _fit_gaussian(blocks * np.roll(blocks, shift, axis=(1, 2)))
        mean = (right - left) * _gamma(2 / alpha) / _gamma(1 / alpha)
        features += [alpha, mean, left, right]
    return np.stack(features, axis=1)


def _normalized_plane(plane: Floats) -> Floats:
    """Local mean removed, divided by the local deviation plus 1."""
    window = cv2.getGaussianKernel(7, 7 / 6)

    def average(values: Floats) -> Floats:
        blurred = cv2.sepFilter2D(
            values, cv2.CV_64F, window, window, borderType=cv2.BORDER_REPLICATE
        )
        return np.asarray(blurred, np.float64)

    mean = average(plane)
    deviation: Floats = np.sqrt(np.abs(average(plane**2) - mean**2))
    return (plane - mean) / (deviation + 1)


def _fit_gaussian(blocks: Floats) -> tuple[Floats, Floats, Floats]:
    """Asymmetric generalized Gaussian by moment matching: alpha, left and right width per block.

    NaN for blocks without negative or without positive values, such as blown-out sky.
    """
    flat = blocks.reshape(len(blocks), -1)
    squares = flat**2
    left, right = _deviation(squares, flat < 0), _deviation(squares, flat > 0)
    ratio = left / right
    spread = squares.mean(axis=1)
    unknown = np.full(len(flat), np.nan)
    moments = np.divide(np.abs(flat).mean(axis=1) ** 2, spread, out=unknown, where=spread > 0)
    wanted = moments * (ratio**3 + 1) * (ratio + 1) / (ratio**2 + 1) ** 2
    grid, expected = _moment_table()
    nearest = np.abs(expected - wanted[:, None]).argmin(axis=1)
    alpha = np.where(np.isnan(wanted), np.nan, grid[nearest])
    width = np.sqrt(_gamma(1 / alpha) / _gamma(3 / alpha))
    return alpha, left * width, right * width


def _deviation(squares: Floats, chosen: NDArray[np.bool_]) -> Floats:
    """Root of the mean of the chosen squares per row; NaN where none is chosen."""
    count = chosen.sum(axis=1)
    total = np.where(chosen, squares, 0).sum(axis=1)
    mean = np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)
    return np.asarray(np.sqrt(mean), np.float64)


@lru_cache(maxsize=1)
def _moment_table() -> tuple[Floats, Floats]:
    """The grid of alpha, and Gamma(2/alpha)^2 / (Gamma(1/alpha) Gamma(3/alpha))."""
    grid = np.arange(200, 10001) / 1000
    return grid, _gamma(2 / grid) ** 2 / (_gamma(1 / grid) * _gamma(3 / grid))


_elementwise_gamma: Callable[[Floats], Floats] = np.vectorize(math.gamma, otypes=[np.float64])


def _gamma(values: Floats) -> Floats:
    return _elementwise_gamma(values)


class NIQE:
    """NIQE as a component, see :func:`niqe`.

    >>> image = np.random.default_rng(1).integers(0, 256, (192, 288, 3), np.uint8)
    >>> NIQE()(image, None, crop_border=0) > 10  # noise is nothing natural
    True
    """

    higher_is_better = False
    portable = True

    def __init__(self, *, halving: Halving = _DEFAULT.halving) -> None:
        self.halving: Halving = halving

    def __call__(
        self, sr: NDArray[np.uint8], hr: NDArray[np.uint8] | None, *, crop_border: int
    ) -> float:
        """NIQE of one image; ``hr`` is not looked at."""
        return niqe(sr, crop_border=crop_border, halving=self.halving)
