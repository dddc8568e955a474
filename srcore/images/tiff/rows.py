"""Stored rows of a TIFF picture as bytes, whatever their compression.

Strips and tiles are only unpacked here. What is not deflate is unpacked by libtiff in Pillow, which
is told that it is a gray picture of 8 bits (1 bit for the codes of fax machines): so no decoder has
an opinion about planes, alpha, depth or photometric interpretation.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from itertools import accumulate
from typing import BinaryIO

import attrs
import numpy as np
from numpy.typing import NDArray

from srcore.images.format import Where, damaged, truncated
from srcore.images.pillow import decode_by_pillow
from srcore.images.tiff.directory import LONG, Value, value_of, write_directories

NONE, DEFLATE, FAX, LZW, JPEG = 1, (8, 32946), (2, 3, 4), 5, 7
#: Compression that libtiff unpacks to bytes -> its name.
BY_LIBTIFF = {LZW: "LZW", 32773: "PackBits", 34925: "LZMA", 50000: "Zstandard"}
#: Of the picture that are unpacked together, and of a strip that are inflated together.
_BAND_BYTES, _PIECE_BYTES = 2**21, 2**18


@attrs.frozen
class Rows:
    """Where the rows of one plane (or of the whole picture) lie.

    Attributes:
        height: rows of the picture.
        width: bytes of a stored row; with tiles, those of all tiles side by side.
        part_height: rows of a strip or tile.
        part_width: bytes of a row of a strip (as ``width``) or tile.
        is_tiled: whether they are tiles.
        offsets: of the strips or tiles, by rows.
        counts: their lengths, bytes.
        compression: as in the file.
        order: byte order of the file.
        bits_reversed: whether the lowest bit of a byte comes first.
        columns: pixels of a row, for the codes of fax machines.
        codec_fields: fields of the file that its codec reads.
    """

    height: int
    width: int
    part_height: int
    part_width: int
    is_tiled: bool
    offsets: tuple[int, ...]
    counts: tuple[int, ...]
    compression: int
    order: str
    bits_reversed: bool
    columns: int
    codec_fields: dict[int, Value]

    @property
    def stored_height(self) -> int:
        """Rows with those by which tiles reach beyond the picture."""
        return (
            -(-self.height // self.part_height) * self.part_height if self.is_tiled else self.height
        )


def read_bands(
    file: BinaryIO, rows: Rows, where: Where, top: int, bottom: int
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Bands of ``(h, width)`` bytes with the number of their first row.

    Together they cover at least the rows from ``top`` to ``bottom``.

    Raises:
        DataError: the file is truncated or damaged.
    """
    end = max((it + n for it, n in zip(rows.offsets, rows.counts, strict=True)), default=0)
    if end > file.seek(0, 2):
        raise truncated(where)
    is_here = rows.compression == NONE or rows.compression in DEFLATE
    if _is_one_piece(rows):
        yield from _of_one_piece(file, rows, where, top, bottom)
        return
    step = max(1, _BAND_BYTES // max(1, rows.part_height * rows.width))
    last = -(-bottom // rows.part_height)
    for first in range(top // rows.part_height, last, step):
        some = _between_rows(rows, first, min(first + step, last))
        if is_here and len(some.offsets) == 1:
            yield from _one_part(file, some, first * rows.part_height, where)
            continue
        unpack = _unpacked_here if is_here else _unpacked_by_libtiff
        yield from _into_bands(unpack(file, some, where), first * rows.part_height)


def _into_bands(pixels: NDArray[np.uint8], top: int) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    step = max(1, _BAND_BYTES // max(1, pixels.shape[1]))
    for start in range(0, len(pixels), step):
        yield top + start, pixels[start : start + step]


def _between_rows(rows: Rows, first: int, last: int) -> Rows:
    """The rows of strips, or of rows of tiles, from one to before another."""
    across = rows.width // rows.part_width
    chosen = slice(first * across, last * across)
    height = min(last * rows.part_height, rows.height) - first * rows.part_height
    return attrs.evolve(
        rows, height=height, offsets=rows.offsets[chosen], counts=rows.counts[chosen]
    )


def _one_part(
    file: BinaryIO, rows: Rows, top: int, where: Where
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Bands of the only strip or tile, which may be the whole picture."""
    part = _StripBytes(file, rows.offsets[0], rows.counts[0], rows.bits_reversed)
    step = max(1, _BAND_BYTES // max(1, rows.width))
    inflating = None if rows.compression == NONE else _Inflating(part)
    for start in range(0, rows.stored_height, step):
        height = min(step, rows.stored_height - start)
        size = height * rows.width
        content = part.read(size) if inflating is None else inflating.read(size, where)
        if len(content) < size:
            raise truncated(where)
        yield top + start, np.frombuffer(content, np.uint8, size).reshape(height, rows.width)


class _StripBytes:
    """The bytes of a strip or tile, from its start on."""

    def __init__(self, file: BinaryIO, offset: int, count: int, bits_reversed: bool) -> None:
        self._file = file
        self._place = offset
        self._end = offset + count
        self._bits_reversed = bits_reversed

    def read(self, size: int) -> bytes:
        """The next bytes; fewer if there are no more. The file may have been elsewhere."""
        self._file.seek(self._place)
        content = self._file.read(min(size, self._end - self._place))
        self._place += len(content)
        return content.translate(_BITS_REVERSED) if self._bits_reversed else content


class _Inflating:
    """Deflated bytes, a part at a time."""

    def __init__(self, part: _StripBytes) -> None:
        self._part = part
        self._pending = b""
        self._inflater = zlib.decompressobj()

    def read(self, size: int, where: Where) -> bytearray:
        """The next bytes; fewer if there are no more."""
        result = bytearray()
        while len(result) < size and not self._inflater.eof:
            self._pending = self._pending or self._part.read(_PIECE_BYTES)
            had = len(self._pending)
            try:
                piece = self._inflater.decompress(self._pending, size - len(result))
            except zlib.error as error:
                raise damaged(where, error) from error
            self._pending = self._inflater.unconsumed_tail
            result += piece
            if not had and not piece:
                break
        return result


def _unpacked_here(file: BinaryIO, rows: Rows, where: Where) -> NDArray[np.uint8]:
    result = np.empty((rows.stored_height, rows.width), np.uint8)
    across = rows.width // rows.part_width
    for number, (offset, count) in enumerate(zip(rows.offsets, rows.counts, strict=True)):
        top = number // across * rows.part_height
        left = number % across * rows.part_width
        target = result[top : top + rows.part_height, left : left + rows.part_width]
        content = _StripBytes(file, offset, count, rows.bits_reversed).read(count)
        if rows.compression != NONE:
            try:
                content = zlib.decompressobj().decompress(content, target.size)
            except zlib.error as error:
                raise damaged(where, error) from error
        if len(content) < target.size:
            raise truncated(where)
        target[:] = np.frombuffer(content, np.uint8, target.size).reshape(target.shape)
    return result


def _is_one_piece(rows: Rows) -> bool:
    """Whether the rows lie in the file as they are, one strip behind the other."""
    if rows.compression != NONE or rows.is_tiled or rows.bits_reversed:
        return False
    ends = accumulate(rows.counts, initial=rows.offsets[0])
    follow = all(offset == end for offset, end in zip(rows.offsets, ends, strict=False))
    return follow and sum(rows.counts) >= rows.height * rows.width


def _of_one_piece(
    file: BinaryIO, rows: Rows, where: Where, top: int, bottom: int
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    step = max(1, _BAND_BYTES // max(1, rows.width))
    for start in range(top, bottom, step):
        height = min(step, bottom - start)
        file.seek(rows.offsets[0] + start * rows.width)
        content = file.read(height * rows.width)
        if len(content) < height * rows.width:
            raise truncated(where)
        yield start, np.frombuffer(content, np.uint8).reshape(height, rows.width)


def _unpacked_by_libtiff(file: BinaryIO, rows: Rows, where: Where) -> NDArray[np.uint8]:
    is_fax = rows.compression in FAX
    content = _as_gray(
        file, rows, columns=rows.columns if is_fax else rows.width, bits=8 - 7 * is_fax
    )
    pixels = decode_by_pillow(io.BytesIO(content), "TIFF", "L", where)[..., 0]
    if is_fax:
        pixels = np.packbits(pixels, axis=1)
    if pixels.shape != (rows.stored_height, rows.width):
        raise damaged(where, "its strips are not of its size")
    return pixels


def _as_gray(file: BinaryIO, rows: Rows, *, columns: int, bits: int) -> bytes:
    """A file with the strips, which are called a gray picture of one byte per pixel."""
    strips = [
        _StripBytes(file, offset, count, False).read(count)
        for offset, count in zip(rows.offsets, rows.counts, strict=True)
    ]
    offsets = [8, *(8 + it for it in accumulate(rows.counts[:-1]))]

    def field(*numbers: int) -> Value:
        return value_of(rows.order, LONG, *numbers)

    fields = dict(rows.codec_fields)
    fields |= {
        256: field(columns),
        257: field(rows.stored_height),
        258: field(bits),
        259: field(rows.compression),
        262: field(1),  # black is zero
        266: field(2 if rows.bits_reversed else 1),
        277: field(1),
    }
    if rows.is_tiled:
        fields |= {
            322: field(rows.part_width),
            323: field(rows.part_height),
            324: field(*offsets),
            325: field(*rows.counts),
        }
    else:
        fields |= {
            273: field(*offsets),
            278: field(min(rows.part_height, rows.height)),
            279: field(*rows.counts),
        }
    place = 8 + sum(rows.counts)
    place += place % 2
    end = bytes(place - 8 - sum(rows.counts)) + write_directories(rows.order, fields, {}, place)
    return b"".join((_made_start(rows.order, place), *strips, end))


def with_directory(file: BinaryIO, order: str, fields: dict[int, Value]) -> bytes:
    """The file with another directory, behind its end; offsets into it stay right."""
    file.seek(0)
    data = file.read()
    place = len(data) + len(data) % 2
    directory = write_directories(order, fields, {}, place)
    padding = bytes(place - len(data))
    return b"".join((_made_start(order, place), memoryview(data)[8:], padding, directory))


def _made_start(order: str, place: int) -> bytes:
    """The first bytes of a file whose directory lies at a place."""
    return (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", place)


_BITS_REVERSED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))
