"""Writing a PNG file row by row, so that the picture need not be in memory."""

from __future__ import annotations

import zlib
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from srcore.errors import DataError
from srcore.images.metadata import Metadata
from srcore.images.png import chunks as png

_LARGEST_SIDE = 2**31 - 1
_PAETH = 4

#: Beyond this level files hardly shrink and take much longer.
_COMPRESSION = 4


class PngStream:
    """Encode consecutive bands of rows; use as a context manager around the writes.

    Args:
        file: open for binary writing.
        shape: (H, W, C) of the picture, C from 1 to 4.
        dtype: uint8 or uint16.
        metadata: what to keep beside the pixels.
        level: of compression, 0 to 9.

    Raises:
        DataError: the picture is larger than the format allows.
    """

    def __init__(
        self,
        file: BinaryIO,
        shape: tuple[int, int, int],
        dtype: np.dtype[Any],
        metadata: Metadata | None = None,
        level: int | None = None,
    ) -> None:
        height, width, channels = shape
        if max(height, width) > _LARGEST_SIDE:
            raise DataError(f"PNG holds at most {_LARGEST_SIDE} pixels per side")
        self._file = file
        self._dtype = dtype
        self._bytes_per_pixel = channels * dtype.itemsize
        self._above = np.zeros((1, width * self._bytes_per_pixel), np.uint8)
        level = _COMPRESSION if level is None else level
        self._compressor = zlib.compressobj(level, strategy=zlib.Z_FILTERED)
        file.write(png.png_start(height, width, channels, dtype))
        if metadata is not None:
            file.write(png.describing(metadata))

    def __enter__(self) -> PngStream:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._file.write(png.chunk(b"IDAT", self._compressor.flush()))
            self._file.write(png.chunk(b"IEND", b""))

    def write(self, band: NDArray[Any]) -> None:
        """Append rows ``(h, W, C)``."""
        rows = np.ascontiguousarray(band.astype(self._dtype.newbyteorder(">"), copy=False))
        rows = rows.view(np.uint8).reshape(len(band), -1)
        # Some rows at a time: the filter needs several times their size.
        step = max(1, 2**22 // rows.shape[1])
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            compressed = self._compressor.compress(self._filtered(part).tobytes())
            self._above = part[-1:].copy()
            if compressed:
                self._file.write(png.chunk(b"IDAT", compressed))

    def _filtered(self, rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Rows minus their Paeth prediction, each behind the number of the filter."""
        above = np.concatenate([self._above, rows[:-1]])
        padding = ((0, 0), (self._bytes_per_pixel, 0))
        left, corner = (
            np.pad(part, padding)[:, : rows.shape[1]].astype(np.int16) for part in (rows, above)
        )
        up = above.astype(np.int16)
        # Distances of left + up - corner from each of the three (PNG specification, section 9.4).
        to_left, to_up = np.abs(up - corner), np.abs(left - corner)
        to_corner = np.abs(left + up - 2 * corner)
        nearest_left = (to_left <= to_up) & (to_left <= to_corner)
        predicted = np.where(nearest_left, left, np.where(to_up <= to_corner, up, corner))
        result = np.empty((len(rows), rows.shape[1] + 1), np.uint8)
        result[:, 0] = _PAETH
        np.subtract(rows, predicted.astype(np.uint8), out=result[:, 1:])
        return result
