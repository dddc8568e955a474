"""Resampling of images that arrive band by band, so that no canvas has to be in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from srcore.transforms.resize import matlab_taps

#: Output samples that are computed with one small matrix product.
_BLOCK = 64


def resample_bands(
    bands: Iterable[Tensor], size: tuple[int, int], new_size: tuple[int, int]
) -> Iterator[Tensor]:
    """MATLAB's bicubic resampling (antialiased when shrinking) of an image given in bands.

    Args:
        bands: consecutive rows ``(C, h, W)``, float; together ``(C, H, W)``.
        size: (H, W).
        new_size: height and width of the result.

    Yields:
        Consecutive rows ``(C, h', W')`` of the result.
    """
    rows, columns = (_AxisTaps(n, m) for n, m in zip(size, new_size, strict=True))
    kept: Tensor | None = None
    first = available = produced = 0
    for band in bands:
        band = columns.along_last(band)
        kept = band if kept is None else torch.cat([kept, band], dim=1)
        available += band.shape[1]
        while produced < rows.n_out:
            stop = min(produced + _BLOCK, rows.n_out)
            low, high = rows.reach(produced, stop)
            if high > available:
                break
            weights = rows.matrix(produced, stop, kept)
            yield torch.matmul(weights, kept[:, low - first : high - first])
            produced = stop
        if produced < rows.n_out:
            needed = rows.first_needed(produced)
            kept, first = kept[:, needed - first :], needed


class _AxisTaps:
    def __init__(self, n_in: int, n_out: int) -> None:
        self.n_out = n_out
        self._indices: NDArray[np.int64]
        self._indices, self._weights = matlab_taps(n_in, n_out)
        lowest = self._indices.min(axis=1)
        # A later output may reach further back than an earlier one where the image is mirrored.
        self._needed = np.minimum.accumulate(lowest[::-1])[::-1]

    def first_needed(self, output: int) -> int:
        """First input that this output or a later one depends on."""
        return int(self._needed[output])

    def reach(self, start: int, stop: int) -> tuple[int, int]:
        """Inputs that outputs ``start`` to ``stop`` depend on (half-open)."""
        indices = self._indices[start:stop]
        return int(indices.min()), int(indices.max()) + 1

    def matrix(self, start: int, stop: int, like: Tensor) -> Tensor:
        """Weights ``(stop - start, inputs in reach)``."""
        low, high = self.reach(start, stop)
        matrix = np.zeros((stop - start, high - low))
        lines = np.arange(stop - start)[:, None]
        np.add.at(matrix, (lines, self._indices[start:stop] - low), self._weights[start:stop])
        return torch.from_numpy(matrix).to(like)

    def along_last(self, band: Tensor) -> Tensor:
        """``(..., n_in)`` -> ``(..., n_out)``."""
        parts = []
        for start in range(0, self.n_out, _BLOCK):
            stop = min(start + _BLOCK, self.n_out)
            low, high = self.reach(start, stop)
            parts.append(torch.matmul(band[..., low:high], self.matrix(start, stop, band).T))
        return torch.cat(parts, dim=-1)
