"""The three resamplings that all get called "bicubic".

| dialect      | a     | antialias | border              | rounding                               |
|--------------|-------|-----------|---------------------|----------------------------------------|
| matlab       | -0.5  | yes       | mirror, period 2n   | none on floats; once on integers       |
| matlab_uint8 | -0.5  | yes       | clamped to the edge | to whole gray levels after either pass |
| opencv       | -0.75 | never     | clamped to the edge | none on floats; once on integers       |

``matlab`` is MATLAB's ``imresize`` on floating-point images, from which most published training
and test sets come; ``matlab_uint8`` reproduces every pixel of the widespread Set5/Set14/BSD100
low-resolution files; ``opencv`` is ``cv2.INTER_CUBIC`` and PyTorch's bicubic interpolation.
The cubic kernel: Keys, "Cubic Convolution Interpolation for Digital Image Processing", 1981.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, get_args

import attrs
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from srcore.errors import SrcoreError
from srcore.messages import shown
from srcore.options.declaration import defaults
from srcore.transforms.banded import BandedMatrix
from srcore.transforms.batch import image_of
from srcore.transforms.bicubic_dialect import BicubicDialect
from srcore.transforms.integer_blocks import Rounding, resample_integers
from srcore.transforms.options import BicubicOptions

if TYPE_CHECKING:
    from srcore.contracts import Batch

Scale = float | tuple[float, float]
_DEFAULT = defaults(BicubicOptions)


@attrs.frozen
class _ResampledAxis:
    """How one axis is resampled: all that its matrix depends on."""

    n_in: int
    n_out: int
    scale: float
    a: float
    antialias: bool
    mirror: bool


def resize(
    image: Tensor,
    *,
    scale: Scale | None = None,
    size: tuple[int, int] | None = None,
    dialect: BicubicDialect = _DEFAULT.dialect,
    antialias: bool | None = None,
) -> Tensor:
    """Resample images bicubically; exact in float64, differentiable except ``matlab_uint8``.

    Args:
        image: ``(..., H, W)``, any floating-point type. ``matlab_uint8`` expects values in [0, 1],
            takes them to 255 gray levels and returns such values; the others are linear and
            neither clamp nor round (half-precision types are computed in float32).
        scale: output side / input side, one number or (vertical, horizontal). The coordinate map
            uses it as given, even where the output side ceil(scale * n) is larger.
        size: output (height, width) instead of ``scale``; the scale is then n_out / n_in per axis.
        dialect: see the table of this module.
        antialias: widen the kernel when shrinking; None: what the dialect does.

    Returns:
        ``(..., H', W')`` of the input's type.

    Raises:
        SrcoreError: not exactly one of ``scale`` and ``size``, values <= 0, an unknown dialect, an
            integer image, or antialiasing asked of ``opencv``.
    """
    if not image.is_floating_point() or image.dim() < 2:
        raise SrcoreError(
            f"resize: expected a floating-point image (..., H, W), found {image.dtype} "
            f"{tuple(image.shape)}; use resize_uint8 for integer arrays"
        )
    rows, columns = _axes(image.shape[-2:], scale, size, dialect, antialias)
    if dialect == "matlab_uint8":
        levels = _resample(_to_levels(image.double() * 255), rows, columns, _to_levels)
        return (levels / 255).to(image.dtype)
    precise = image if image.dtype in (torch.float32, torch.float64) else image.float()
    return _resample(precise, rows, columns).to(image.dtype)


def resize_uint8(
    array: NDArray[np.integer],
    *,
    scale: Scale | None = None,
    size: tuple[int, int] | None = None,
    dialect: BicubicDialect = _DEFAULT.dialect,
    antialias: bool | None = None,
) -> NDArray[np.integer]:
    """Resample an integer image bicubically, computed in float64.

    ``matlab`` works like MATLAB on ``im2double`` data: v/peak, resampled, times peak, clipped,
    rounded (half away from zero). ``opencv`` rounds half to even; OpenCV's own fixed-point code
    differs from it by at most one gray level.

    Args:
        array: ``(H, W, C)`` or ``(H, W)``, uint8; ``matlab`` and ``opencv`` take uint16 as well.
        scale: as in :func:`resize`.
        size: as in :func:`resize`.
        dialect: as in :func:`resize`.
        antialias: as in :func:`resize`.

    Returns:
        An array of the same type and number of dimensions.

    Raises:
        SrcoreError: as :func:`resize`, or an array of another type.
    """
    allowed = ("uint8",) if dialect == "matlab_uint8" else ("uint8", "uint16")
    if array.dtype.name not in allowed or array.ndim not in (2, 3):
        raise SrcoreError(
            f"resize_uint8: expected an array (H, W[, C]) of {' or '.join(allowed)}, "
            f"found {array.dtype} {array.shape}"
        )
    peak = int(np.iinfo(array.dtype).max)
    rows, columns = _axes(array.shape[:2], scale, size, dialect, antialias)
    planes = np.moveaxis(array, -1, 0) if array.ndim == 3 else array
    to_levels = _rounding_of(dialect, peak)
    output = resample_integers(
        np.ascontiguousarray(planes),
        *(_matrix(axis, torch.float64, torch.device("cpu")) for axis in (rows, columns)),
        unit=peak if dialect == "matlab" else 1,
        between=to_levels if dialect == "matlab_uint8" else None,
        to_levels=to_levels,
    )
    return np.ascontiguousarray(np.moveaxis(output, 0, -1)) if array.ndim == 3 else output


def matlab_taps(n_in: int, n_out: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Input positions and weights of every output sample of ``matlab``, both ``(n_out, taps)``.

    For code that resamples an axis piece by piece.
    """
    axis = _ResampledAxis(n_in, n_out, scale=n_out / n_in, a=-0.5, antialias=True, mirror=True)
    return _taps(axis)


class Bicubic:
    """Transform ``bicubic``: LR from HR.

    >>> import torch
    >>> bicubic = Bicubic(scale=4, quantize=False)
    >>> batch = {"hr": torch.full((1, 3, 16, 8), 0.5)}
    >>> generator = torch.Generator().manual_seed(1)
    >>> lr = bicubic(batch, generator)["lr"]
    >>> lr.shape, lr.mean()
    (torch.Size([1, 3, 4, 2]), tensor(0.5000))
    """

    def __init__(self, *, scale: int, **options: Any) -> None:
        self.scale = scale
        self.options = BicubicOptions(**options)

    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch:
        """Add ``lr``; draws nothing."""
        hr = image_of(batch, "hr", "bicubic")
        if hr.shape[-2] % self.scale or hr.shape[-1] % self.scale:
            raise SrcoreError(
                f"transform bicubic: HR sides must be multiples of the scale {self.scale}, found "
                f"{hr.shape[-2]}x{hr.shape[-1]}; choose such a crop"
            )
        lr = resize(hr, scale=1 / self.scale, dialect=self.options.dialect)
        if self.options.quantize:
            lr = _to_levels(lr * 255) / 255
        return batch | {"lr": lr}


def _resample(
    image: Tensor,
    rows: _ResampledAxis,
    columns: _ResampledAxis,
    between: Callable[[Tensor], Tensor] | None = None,
) -> Tensor:
    """Vertical pass, then horizontal pass, ``between`` applied after either."""
    image = _matrix(rows, image.dtype, image.device).along_rows(image)
    image = image if between is None else between(image)
    image = _matrix(columns, image.dtype, image.device).along_columns(image)
    return image if between is None else between(image)


def _rounding_of(dialect: BicubicDialect, peak: int) -> Rounding:
    """How values of an integer image become levels, in place."""

    def round_and_clip(values: NDArray[np.float64]) -> None:
        if dialect == "opencv":
            np.rint(values, out=values)
        else:
            if dialect == "matlab":
                values *= peak
            values += 0.5
            np.floor(values, out=values)
        np.clip(values, 0, peak, out=values)

    return round_and_clip


def _to_levels(image: Tensor) -> Tensor:
    return _half_away(image).clamp(0, 255)


def _half_away(image: Tensor) -> Tensor:
    """Round half away from zero; negative values are clipped by all callers."""
    return (image + 0.5).floor()


def _axes(
    shape: tuple[int, ...],
    scale: Scale | None,
    size: tuple[int, int] | None,
    dialect: str,
    antialias: bool | None,
) -> tuple[_ResampledAxis, _ResampledAxis]:
    if dialect not in get_args(BicubicDialect):
        known = ", ".join(get_args(BicubicDialect))
        raise SrcoreError(f"resize: unknown dialect {shown(dialect)}; expected one of {known}")
    if dialect == "opencv" and antialias:
        raise SrcoreError('resize: dialect "opencv" has no antialiasing; use "matlab"')
    sizes, scales = _sizes_and_scales(shape, scale, size, dialect)
    rows, columns = (
        _ResampledAxis(
            n_in=n_in,
            n_out=n_out,
            scale=axis_scale,
            a=-0.75 if dialect == "opencv" else -0.5,
            antialias=dialect != "opencv" and antialias is not False,
            mirror=dialect == "matlab",
        )
        for n_in, n_out, axis_scale in zip(shape, sizes, scales, strict=True)
    )
    return rows, columns


def _sizes_and_scales(
    shape: tuple[int, ...], scale: Scale | None, size: tuple[int, int] | None, dialect: str
) -> tuple[tuple[int, ...], tuple[float, ...]]:
    if (scale is None) == (size is None):
        raise SrcoreError(
            f"resize: give either scale or size, found scale = {scale} and size = {size}"
        )
    if min(shape) < 1:
        raise SrcoreError(f"resize: the image is empty: height and width are {tuple(shape)}")
    if size is not None:
        if len(size) != 2 or min(size) < 1:
            raise SrcoreError(f"resize: expected size = (height, width) >= 1, found {size}")
        return size, tuple(n_out / n_in for n_in, n_out in zip(shape, size, strict=True))
    scales = scale if isinstance(scale, tuple) else (scale, scale)
    if len(scales) != 2 or not all(value is not None and value > 0 for value in scales):
        raise SrcoreError(f"resize: expected a scale > 0, found {scale}")
    # OpenCV rounds the side, MATLAB takes the next larger one.
    whole: Callable[[float], int] = round if dialect == "opencv" else math.ceil
    factors = tuple(float(value) for value in scales if value is not None)
    sides = tuple(max(1, whole(n * factor)) for n, factor in zip(shape, factors, strict=True))
    return sides, factors


@lru_cache(maxsize=64)
def _matrix(axis: _ResampledAxis, dtype: torch.dtype, device: torch.device) -> BandedMatrix:
    indices, weights = _taps(axis)
    return BandedMatrix.from_taps(indices, weights, axis.n_in, dtype, device)


def _taps(axis: _ResampledAxis) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Input positions and weights of every output sample, both ``(n_out, taps)``.

    MATLAB's rules in its 1-based coordinates: output x lies at x/scale + (1 - 1/scale)/2.
    """
    stretch = axis.scale if axis.antialias and axis.scale < 1 else 1.0
    support = 4 / stretch
    center = np.arange(1, axis.n_out + 1) / axis.scale + 0.5 * (1 - 1 / axis.scale)
    left = np.floor(center - support / 2)
    positions = left[:, None] + np.arange(math.ceil(support) + 2)
    weights = _cubic(stretch * (center[:, None] - positions), axis.a)
    weights /= weights.sum(axis=1, keepdims=True)
    indices = positions.astype(np.int64) - 1
    if axis.mirror:
        indices = indices % (2 * axis.n_in)
        return np.minimum(indices, 2 * axis.n_in - 1 - indices), weights
    return indices.clip(0, axis.n_in - 1), weights


def _cubic(t: NDArray[np.float64], a: float) -> NDArray[np.float64]:
    """Keys's kernel: 1 at 0, 0 at all other integers and beyond 2."""
    t = np.abs(t)
    near = ((a + 2) * t - (a + 3)) * t * t + 1
    far = ((a * t - 5 * a) * t + 8 * a) * t - 4 * a
    return np.where(t <= 1, near, np.where(t <= 2, far, 0.0))
