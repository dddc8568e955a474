"""Banded linear maps along an image axis: resampling as a few small matrix products.

Every output sample of a resampling depends on a few neighboring input samples, so its matrix is
banded. Cut into blocks of consecutive outputs, each block is a small dense matrix that reads one
contiguous slab of the input, borders included: no padding, no gathered copies, and the backward
pass is the transposed map of the same form.
"""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

#: Outputs per block on the CPU; fewer waste less on zeros, more make larger products.
_BLOCK = 16

#: Matrices with at most this many elements are cheapest as one product.
_DENSE_ELEMENTS = 128 * 128


@attrs.frozen(eq=False)
class Block:
    """Outputs ``start`` to ``stop`` from inputs ``first`` to ``last`` (half-open)."""

    start: int
    stop: int
    first: int
    last: int
    weights: Tensor


@attrs.frozen(eq=False)
class BandedMatrix:
    """A resampling matrix ``(n_out, n_in)`` cut into blocks, and its transpose.

    Attributes:
        n_in, n_out: lengths of the axis before and after.
        blocks: cover all outputs in order.
        adjoint_blocks: the same for the transposed matrix.
    """

    n_in: int
    n_out: int
    blocks: tuple[Block, ...]
    adjoint_blocks: tuple[Block, ...]

    @classmethod
    def from_taps(
        cls,
        indices: NDArray[np.int64],
        weights: NDArray[np.float64],
        n_in: int,
        dtype: torch.dtype,
        device: torch.device,
    ) -> BandedMatrix:
        """Build from taps.

        Args:
            indices: input positions ``(n_out, taps)`` in ``[0, n_in)``; repetitions add up.
            weights: their weights ``(n_out, taps)``.
            n_in: length of the input axis.
            dtype: of the blocks.
            device: of the blocks; accelerators get a single dense block.
        """
        dense = device.type != "cpu" or len(indices) * n_in <= _DENSE_ELEMENTS
        matrix = np.zeros((len(indices), n_in))
        np.add.at(matrix, (np.arange(len(indices))[:, None], indices), weights)
        # Cached matrices must stay usable in autograd even if built during inference.
        with torch.inference_mode(False):
            return cls(
                n_in,
                len(indices),
                tuple(_into_blocks(matrix, dense, dtype, device)),
                tuple(_into_blocks(matrix.T, dense, dtype, device)),
            )

    @property
    def is_dense(self) -> bool:
        """One block that reads the whole axis."""
        return len(self.blocks) == 1 and self.blocks[0].weights.shape[1] == self.n_in

    @property
    def adjoint(self) -> BandedMatrix:
        """The transposed map."""
        return BandedMatrix(self.n_out, self.n_in, self.adjoint_blocks, self.blocks)

    def along_rows(self, image: Tensor) -> Tensor:
        """Apply to the height of ``(..., H, W)``; differentiable."""
        result: Tensor = _Product.apply(image, self, True)
        return result

    def along_columns(self, image: Tensor) -> Tensor:
        """Apply to the width of ``(..., H, W)``; differentiable."""
        result: Tensor = _Product.apply(image, self, False)
        return result


def _into_blocks(
    matrix: NDArray[np.float64], dense: bool, dtype: torch.dtype, device: torch.device
) -> list[Block]:
    n_out, n_in = matrix.shape
    blocks = []
    step = n_out if dense else _BLOCK
    for start in range(0, n_out, step):
        rows = matrix[start : start + step]
        used = np.flatnonzero(rows.any(axis=0))
        first, last = (0, n_in) if dense or not used.size else (int(used[0]), int(used[-1]) + 1)
        weights = torch.from_numpy(np.ascontiguousarray(rows[:, first:last]))
        blocks.append(
            Block(start, start + len(rows), first, last, weights.to(device=device, dtype=dtype))
        )
    return blocks


class _Product(torch.autograd.Function):
    """Matrix times image along one axis; linear, hence its own derivative up to transposition."""

    @staticmethod
    def forward(ctx: Any, image: Tensor, matrix: BandedMatrix, rows: bool) -> Tensor:
        ctx.matrix, ctx.rows = matrix, rows
        # Under autocast the products would run in half precision: eight bits instead of 24.
        with torch.autocast(image.device.type, enabled=False):
            return _times_rows(image, matrix) if rows else _columns(image, matrix)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return _Product.apply(gradient, ctx.matrix.adjoint, ctx.rows), None, None


def _times_rows(image: Tensor, matrix: BandedMatrix) -> Tensor:
    height, width = image.shape[-2:]
    if matrix.is_dense:
        return matrix.blocks[0].weights @ image
    planes = image.reshape(-1, height, width)
    output = image.new_empty(planes.shape[0], matrix.n_out, width)
    for plane, result in zip(planes, output, strict=True):
        for block in matrix.blocks:
            torch.mm(
                block.weights, plane[block.first : block.last], out=result[block.start : block.stop]
            )
    return output.reshape(*image.shape[:-2], matrix.n_out, width)


def _columns(image: Tensor, matrix: BandedMatrix) -> Tensor:
    if matrix.is_dense:
        return image @ matrix.blocks[0].weights.T
    lines = image.reshape(-1, image.shape[-1])
    output = image.new_empty(lines.shape[0], matrix.n_out)
    for block in matrix.blocks:
        torch.mm(
            lines[:, block.first : block.last],
            block.weights.T,
            out=output[:, block.start : block.stop],
        )
    return output.reshape(*image.shape[:-1], matrix.n_out)
