"""Filtering of image batches: one kernel per sample, or a separable Gaussian."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from srcore.transforms.banded import BandedMatrix
from srcore.transforms.batch import happens, image_of
from srcore.transforms.kernels import draw_kernels
from srcore.transforms.options import BlurOptions

if TYPE_CHECKING:
    from srcore.contracts import Batch

Border = Literal["reflect", "zero", "valid"]


def filter2d(image: Tensor, kernels: Tensor) -> Tensor:
    """Cross-correlate images with kernels (not flipped), reflecting at the border.

    Args:
        image: ``(N, C, H, W)``, any memory format.
        kernels: ``(N, k, k)``, one per image, or ``(1, k, k)`` for all; k odd.

    Returns:
        ``(N, C, H, W)``.
    """
    count, channels, height, width = image.shape
    reach = kernels.shape[-1] // 2
    padded = _reflected(image, reach).reshape(
        1, count * channels, height + 2 * reach, width + 2 * reach
    )
    # One group per plane: the depthwise form is several times faster than one group per sample.
    weights = kernels.to(image.dtype).expand(count, -1, -1).repeat_interleave(channels, dim=0)
    filtered = F.conv2d(padded, weights[:, None], groups=count * channels)
    return filtered.reshape(count, channels, height, width)


def separable_blur(image: Tensor, taps: tuple[float, ...], border: Border = "reflect") -> Tensor:
    """Filter rows and columns with the same symmetric taps; differentiable.

    Args:
        image: ``(..., H, W)``, floating point.
        taps: an odd number of weights.
        border: ``reflect`` (edge pixel not repeated, any size), ``zero``, or ``valid`` (the result
            is smaller by the number of taps less one).

    Returns:
        The filtered image.
    """
    for_rows = _blur_matrix(image.shape[-2], taps, border, image.dtype, image.device)
    for_columns = _blur_matrix(image.shape[-1], taps, border, image.dtype, image.device)
    return for_columns.along_columns(for_rows.along_rows(image))


def gaussian_blur(
    image: Tensor, size: int, sigma: float | None = None, border: Border = "reflect"
) -> Tensor:
    """Blur with :func:`gaussian_taps`; otherwise as :func:`separable_blur`.

    Images are ``(..., H, W)``, in any range, which they keep.
    """
    return separable_blur(image, gaussian_taps(size, sigma), border)


def gaussian_taps(size: int, sigma: float | None = None) -> tuple[float, ...]:
    """Samples of a Gaussian that sum to 1.

    Args:
        size: odd number of taps.
        sigma: standard deviation in pixels; None: OpenCV's rule for a given size, which is a fixed
            binomial-like table below 11 taps and 0.3 ((size - 1)/2 - 1) + 0.8 from there on.

    Returns:
        ``size`` weights.
    """
    if sigma is None:
        if size in _OPENCV_TAPS:
            return _OPENCV_TAPS[size]
        sigma = 0.3 * ((size - 1) * 0.5 - 1) + 0.8
    offsets = np.arange(size) - (size - 1) / 2
    weights = np.exp(-0.5 * (offsets / sigma) ** 2)
    return tuple((weights / weights.sum()).tolist())


_OPENCV_TAPS: dict[int, tuple[float, ...]] = {
    1: (1.0,),
    3: (0.25, 0.5, 0.25),
    5: (0.0625, 0.25, 0.375, 0.25, 0.0625),
    7: (0.03125, 0.109375, 0.21875, 0.28125, 0.21875, 0.109375, 0.03125),
    9: tuple(value / 256 for value in (4, 13, 30, 51, 60, 51, 30, 13, 4)),
}


class Blur:
    """Transform ``blur``: a random kernel per image.

    >>> import torch
    >>> blur = Blur(scale=4, image="hr", sigma=(1.0, 1.0), sinc_probability=0.0)
    >>> batch = {"hr": torch.eye(32).expand(1, 3, 32, 32)}
    >>> generator = torch.Generator().manual_seed(1)
    >>> blurred = blur(batch, generator)["hr"]
    >>> blurred.shape, bool(blurred.max() < 0.9)
    (torch.Size([1, 3, 32, 32]), True)
    """

    def __init__(self, *, scale: int, **options: Any) -> None:
        self.options = BlurOptions(**options)

    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch:
        """Blur one tensor of the batch."""
        options = self.options
        image = image_of(batch, options.image, "blur")
        if not bool(happens(options.probability, 1, generator)):
            return batch
        kernels = draw_kernels(options, len(image), generator)
        return batch | {options.image: filter2d(image, kernels)}


@lru_cache(maxsize=64)
def _blur_matrix(
    length: int, taps: tuple[float, ...], border: Border, dtype: torch.dtype, device: torch.device
) -> BandedMatrix:
    reach = len(taps) // 2
    centers = np.arange(reach, length - reach) if border == "valid" else np.arange(length)
    indices = centers[:, None] + np.arange(len(taps)) - reach
    weights = np.broadcast_to(np.asarray(taps), indices.shape)
    if border == "zero":
        weights = np.where((indices >= 0) & (indices < length), weights, 0.0)
        indices = indices.clip(0, length - 1)
    return BandedMatrix.from_taps(_reflect(indices, length), weights, length, dtype, device)


def _reflect(indices: np.ndarray[Any, np.dtype[np.int64]], length: int) -> Any:
    """Reflection without repeating the edge, as often as needed: ... 2 1 0 1 2 ..."""
    if length == 1:
        return np.zeros_like(indices)
    indices = indices % (2 * length - 2)
    return np.minimum(indices, 2 * length - 2 - indices)


def _reflected(image: Tensor, reach: int) -> Tensor:
    if reach < min(image.shape[-2:]):
        return F.pad(image, (reach,) * 4, mode="reflect")
    for axis in (-2, -1):
        length = image.shape[axis]
        indices = torch.from_numpy(_reflect(np.arange(-reach, length + reach), length))
        image = image.index_select(axis, indices.to(image.device))
    return image
