"""Blur kernels: what KernelGAN's raw kernel becomes, files of kernels, filtering with them.

A kernel ``<stem>_kernel_x<scale>.npy`` (or ``.mat``, variable ``Kernel``) is an array ``(n, n)`` of
sum 1, centered so that every ``scale``-th pixel of the filtered image is the low-resolution one.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from srcore.errors import DataError
from srcore.images import natural_key
from srplug_usrdu.matfile import read_matrix, write_matrix

if TYPE_CHECKING:
    from torch import Tensor

KernelArray = NDArray[np.float64]

VARIABLE = "Kernel"


def finished_kernels(raw: KernelArray, kept: int = 40) -> dict[int, KernelArray]:
    """The x2 and the x4 kernel of a raw x2 kernel.

    Args:
        raw: ``(n, n)`` as KernelGAN's generator implies it.
        kept: number of large values that decide the threshold.
    """
    x2 = centered(thresholded(raw, kept), scale=2)
    return {2: x2, 4: doubled(x2)}


def thresholded(kernel: KernelArray, kept: int) -> KernelArray:
    """A kernel ``(K, K)`` less 3/4 of its (``kept`` + 1)-th largest value, clipped, normalized."""
    threshold = 0.75 * np.sort(kernel, axis=None)[::-1][kept]
    clipped: KernelArray = np.clip(kernel - threshold, 0, 100)
    return np.asarray(clipped / clipped.sum())


def centered(kernel: KernelArray, scale: int) -> KernelArray:
    """Move the center of mass to where sub-sampling by ``scale`` needs it; ``(K, K)`` grows.

    The aim is ``n // 2 + (scale - n % 2) / 2`` along both axes; the kernel is padded by zeros, then
    shifted by cubic splines.
    """
    size = kernel.shape[0]
    positions = np.arange(size)
    weights = kernel / kernel.sum()
    mass = np.array([weights.sum(1) @ positions, weights.sum(0) @ positions])
    shift = size // 2 + 0.5 * (scale - size % 2) - mass
    padded = np.pad(kernel, math.ceil(np.abs(shift).max()) + 1)
    rows = _spline_shift(padded.shape[0], shift[0])
    columns = _spline_shift(padded.shape[1], shift[1])
    return np.asarray(rows @ padded @ columns.T)


def doubled(kernel: KernelArray) -> KernelArray:
    """The kernel of filtering and halving twice: sum of ``k[r, c] k`` put at (2r, 2c), cropped.

    ``(K, K)`` -> ``(M, M)``.
    """
    size = kernel.shape[0]
    full = np.zeros((3 * size - 2,) * 2)
    for row in range(size):
        for column in range(size):
            place = np.s_[2 * row : 2 * row + size, 2 * column : 2 * column + size]
            full[place] += kernel[row, column] * kernel
    margin = size // 2
    cropped = full[margin:-margin, margin:-margin]
    return np.asarray(cropped / cropped.sum())


def _spline_shift(size: int, shift: float) -> KernelArray:
    """Matrix that shifts samples by cubic B-splines; mirrored ends, zero outside.

    Coefficients c solve ``(c[i-1] + 4 c[i] + c[i+1]) / 6 = f[i]`` (Unser, 1999).
    """
    identity = np.eye(size)
    spline = 4 * identity + np.eye(size, k=1) + np.eye(size, k=-1)
    spline[0, 1] = spline[-1, -2] = 2
    coefficients = np.linalg.solve(spline / 6, identity)
    evaluate = np.zeros((size, size))
    for row in range(size):
        position = row - shift
        if not 0 <= position <= size - 1:
            continue
        first = math.floor(position) - 1
        for index in range(first, first + 4):
            mirrored = abs(index)
            mirrored = 2 * (size - 1) - mirrored if mirrored > size - 1 else mirrored
            evaluate[row, mirrored] += _cubic_spline(position - index)
    return evaluate @ coefficients


def _cubic_spline(t: float) -> float:
    t = abs(t)
    if t < 1:
        return 2 / 3 - t * t * (2 - t) / 2
    return (2 - t) ** 3 / 6 if t < 2 else 0.0


def correlate(image: Tensor, kernel: Tensor, stride: int) -> Tensor:
    """Correlate every channel with a kernel and take rows and columns 0, stride, 2 stride, ...

    The border is mirrored with the edge pixel repeated.

    Args:
        image: ``(C, H, W)``.
        kernel: ``(n, m)`` of the image's type.
        stride: distance of the pixels that are kept.
    """
    import torch
    import torch.nn.functional as F

    before = [size // 2 for size in kernel.shape]
    for axis in (0, 1):
        length, size = image.shape[1 + axis], kernel.shape[axis]
        index = torch.arange(-before[axis], length + size - 1 - before[axis], device=image.device)
        index = index % (2 * length)
        index = torch.minimum(index, 2 * length - 1 - index)
        image = image.index_select(1 + axis, index)
    return F.conv2d(image[:, None], kernel[None, None], stride=stride)[:, 0]


def list_kernels(folder: Path, scale: int) -> list[Path]:
    """Kernel files of a scale in or below a folder; ``.npy`` comes before ``.mat`` of equal name.

    Raises:
        DataError: there are none.
    """
    files: dict[str, Path] = {}
    for path in sorted(folder.rglob("*"), key=lambda path: path.suffix):
        if path.suffix in (".mat", ".npy") and not path.name.startswith("."):
            name = path.relative_to(folder).with_suffix("").as_posix()
            if _scale_in_name(path.stem) == scale:
                files[name] = path  # .npy follows and replaces .mat
    if not files:
        raise DataError(
            f"{folder}: no kernels of scale {scale}; expected files *_kernel_x{scale}.npy or .mat "
            "as `srcore usrdu kernels` writes them"
        )
    return [files[name] for name in sorted(files, key=natural_key)]


def _scale_in_name(stem: str) -> int | None:
    suffix = re.search(r"_x(\d+)$", stem)
    return int(suffix[1]) if suffix else None


def read_kernel(path: Path) -> KernelArray:
    """Read a kernel ``(K, M)`` and normalize it to sum 1.

    Raises:
        DataError: unreadable, not a matrix, or its sum is not positive.
    """
    if path.suffix == ".mat":
        kernel = read_matrix(path, VARIABLE)
    else:
        try:
            kernel = np.load(path, allow_pickle=False).astype(np.float64)
        except (OSError, ValueError) as error:
            raise DataError(f"{path}: cannot be read: {error}") from error
    if kernel.ndim != 2 or not np.isfinite(kernel).all() or kernel.sum() <= 0:
        raise DataError(
            f"{path}: expected a kernel (n, n) of finite numbers with a positive sum, "
            f"found shape {kernel.shape} with sum {kernel.sum():g}"
        )
    return np.asarray(kernel / kernel.sum())


def write_kernels(folder: Path, stem: str, kernels: dict[int, KernelArray], *, mat: bool) -> None:
    """Write ``<folder>/<stem>/<stem>_kernel_x<scale>.npy`` (and ``.mat``) for every scale.

    Kernels are ``(K, K)``.
    """
    from srcore.files.atomic import writing

    for scale, kernel in kernels.items():
        path = folder / stem / f"{stem}_kernel_x{scale}.npy"
        if mat:
            write_matrix(path.with_suffix(".mat"), VARIABLE, kernel)
        with writing(path) as temporary, temporary.open("wb") as stream:
            np.save(stream, kernel)
