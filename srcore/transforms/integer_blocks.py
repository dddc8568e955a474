"""Resampling integer images in float64, block by block.

In float64 an image is eight times as large, and fresh memory of that size costs more than the
arithmetic. Here only what a block of outputs reads becomes float64, while it is in the processor's
cache, and results become integers again before they leave it. The products are those of
:class:`srcore.transforms.banded.BandedMatrix`, one by one, so every pixel is the same.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from srcore.transforms.banded import BandedMatrix

#: Changes float64 values in place.
Rounding = Callable[[NDArray[np.float64]], object]


def resample_integers(
    planes: NDArray[np.integer],
    rows: BandedMatrix,
    columns: BandedMatrix,
    *,
    unit: int,
    between: Rounding | None,
    to_levels: Rounding,
) -> NDArray[np.integer]:
    """Vertical pass, then horizontal pass, of an image of integers.

    Args:
        planes: ``(..., H, W)``, uint8 or uint16, contiguous.
        rows: resamples the height; float64 on the CPU.
        columns: resamples the width; likewise.
        unit: what the values are divided by before.
        between: applied to the float64 values between the passes.
        to_levels: makes whole numbers that the type holds of the results.

    Returns:
        ``(..., H', W')`` of the same type.
    """
    if rows.is_dense:  # few values, multiplied in one piece
        tall = rows.along_rows(torch.from_numpy(np.true_divide(planes, unit, dtype=np.float64)))
        if between is not None:
            between(tall.numpy())
    else:
        tall = _resample_rows(planes, rows, unit, between)
    if columns.is_dense:
        wide = columns.along_columns(tall)
        to_levels(wide.numpy())
        return wide.numpy().astype(planes.dtype)
    return _resample_columns(tall, columns, to_levels, planes.dtype)


def _resample_rows(
    planes: NDArray[np.integer], rows: BandedMatrix, unit: int, between: Rounding | None
) -> Tensor:
    height, width = planes.shape[-2:]
    tall = torch.empty(*planes.shape[:-2], rows.n_out, width, dtype=torch.float64)
    read = np.empty((max(block.last - block.first for block in rows.blocks), width))
    to_float64 = _conversion(planes.dtype, unit)
    for plane, result in zip(
        planes.reshape(-1, height, width), tall.view(-1, rows.n_out, width), strict=True
    ):
        for block in rows.blocks:
            part = read[: block.last - block.first]
            values = torch.from_numpy(to_float64(plane[block.first : block.last], part))
            made = result[block.start : block.stop]
            torch.mm(block.weights, values, out=made)
            if between is not None:
                between(made.numpy())
    return tall


def _conversion(
    dtype: np.dtype[np.integer], unit: int
) -> Callable[[NDArray[np.integer], NDArray[np.float64]], NDArray[np.float64]]:
    """What divides values by the unit, rounded once, into an array."""
    if dtype != np.uint8:
        return lambda values, out: np.true_divide(values, unit, out=out)
    quotients = np.arange(256) / unit  # looking up is quicker than dividing
    return lambda values, out: np.asarray(cv2.LUT(values, quotients, dst=out), np.float64)


def _resample_columns(
    tall: Tensor, columns: BandedMatrix, to_levels: Rounding, dtype: np.dtype[np.integer]
) -> NDArray[np.integer]:
    lines = tall.view(-1, columns.n_in)
    output = np.empty((len(lines), columns.n_out), dtype)
    widest = max(block.stop - block.start for block in columns.blocks)
    buffer = torch.empty(len(lines), widest, dtype=torch.float64)
    for block in columns.blocks:
        # A part of the buffer, as of the whole image: a lone column would be summed otherwise.
        made = buffer[:, : block.stop - block.start]
        torch.mm(lines[:, block.first : block.last], block.weights.T, out=made)
        levels = made.numpy()
        to_levels(levels)
        output[:, block.start : block.stop] = levels
    return output.reshape(*tall.shape[:-1], columns.n_out)
