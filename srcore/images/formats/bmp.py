"""BMP after Microsoft's description of its headers (OS/2 1 and 2, Windows 3 to 5); any masks."""

from __future__ import annotations

import struct
from typing import BinaryIO

import attrs
import cv2
import numpy as np

from srcore.images.format import (
    Holds,
    ImageArray,
    ImageHeader,
    Where,
    WritableFormat,
    Writing,
    damaged,
    truncated,
    unsupported,
)
from srcore.images.formats.bmp_runs import unrolled
from srcore.images.metadata import Metadata
from srcore.images.pillow import encode_by_pillow
from srcore.images.samples import bands, looked_up, stretched, unpacked

_RGB, _RLE8, _RLE4, _BIT_FIELDS, _ALPHA_BIT_FIELDS = 0, 1, 2, 3, 6
#: Depth -> masks of red, green, blue and alpha where a file names none.
_USUAL_MASKS = {16: (0x7C00, 0x3E0, 0x1F, 0), 32: (0xFF0000, 0xFF00, 0xFF, 0)}
_HEADER_BYTES = 14 + 124 + 16 + 4 * 256
_INCHES_PER_METER = 1 / 0.0254


@attrs.frozen
class _BmpLayout:
    width: int
    height: int
    bits: int  # per pixel
    compression: int
    is_top_down: bool
    start: int  # of the rows
    palette: ImageArray  # (colors, 3), RGB
    masks: tuple[int, ...]  # of red, green, blue, alpha
    dpi: tuple[float, float] | None

    @property
    def channels(self) -> int:
        if self.bits <= 8:
            return 1 if (self.palette == self.palette[:, :1]).all() else 3
        return 4 if self.masks[3] else 3

    @property
    def depth(self) -> int:
        return 16 if self.bits > 8 and max(map(_largest, self.masks)) > 255 else 8

    @property
    def stride(self) -> int:
        return (self.width * self.bits + 31) // 32 * 4


class Bmp(WritableFormat):
    """Windows bitmaps."""

    name = "BMP"
    suffixes = (".bmp", ".dib")
    holds = Holds(channels=(1, 3), largest_side=2**31 - 1, metadata=frozenset({"dpi"}))
    pixels_per_byte = 128  # a run of 255 pixels is 2 bytes

    def recognizes(self, start: bytes) -> bool:
        # "BM" begins texts, too: the size of a header that there is follows.
        return start.startswith(b"BM") and start[14:18] in _HEADER_SIZES

    def header(self, file: BinaryIO, where: Where) -> ImageHeader:
        layout = _layout(file.read(_HEADER_BYTES), where)
        return ImageHeader(
            layout.height,
            layout.width,
            layout.depth,
            layout.channels,
            metadata=Metadata(dpi=layout.dpi),
        )

    def decode(self, file: BinaryIO, header: ImageHeader, where: Where) -> ImageArray:
        file.seek(0)
        layout = _layout(file.read(_HEADER_BYTES), where)
        if layout.compression in (_RLE4, _RLE8):
            return _of_runs(file, layout, header, where)
        result = np.empty(header.stored_shape, header.dtype)
        file.seek(layout.start)
        for part in bands(layout.height, layout.stride):
            count = part.stop - part.start
            content = file.read(count * layout.stride)
            if len(content) < count * layout.stride:
                raise truncated(where)
            rows = np.frombuffer(content, np.uint8).reshape(count, layout.stride)
            if layout.is_top_down:
                target = result[part]
            else:
                target = result[layout.height - part.stop : layout.height - part.start][::-1]
            target[:] = _rows_to_pixels(rows, layout, header, where)
        return result

    def encode(self, image: ImageArray, writing: Writing) -> bytes:
        return encode_by_pillow(image, "BMP", writing.metadata)


_HEADER_SIZES = {struct.pack("<I", size) for size in (12, 16, 40, 52, 56, 64, 108, 124)}


def _layout(start: bytes, where: Where) -> _BmpLayout:  # noqa: C901 - a check for each field
    if len(start) < 26:
        raise truncated(where)
    offset, size = struct.unpack_from("<II", start, 10)
    if len(start) < 14 + min(size, 40):
        raise truncated(where)
    compression = colors = 0
    dpi = None
    masks: tuple[int, ...] = (0, 0, 0, 0)
    palette_start = 14 + size
    if size == 12:
        width, height, _, bits = struct.unpack_from("<HHHH", start, 18)
    else:
        width, height, _, bits = struct.unpack_from("<iiHH", start, 18)
    if size >= 40:
        compression, _, x, y, colors = struct.unpack_from("<IIiiI", start, 30)
        dpi = (x / _INCHES_PER_METER, y / _INCHES_PER_METER) if x > 0 and y > 0 else None
    if size == 64 and compression not in (_RGB, _RLE8, _RLE4):
        raise unsupported(where, "BMP of OS/2 with compression")
    if compression in (_BIT_FIELDS, _ALPHA_BIT_FIELDS):
        given = 4 if size >= 56 or compression == _ALPHA_BIT_FIELDS else 3
        masks = (*_unpack_at(start, f"<{given}I", 54, where), 0)[:4]
        palette_start = max(palette_start, 54 + 4 * given)
    elif compression not in (_RGB, _RLE8, _RLE4):
        kind = {4: "a JPEG", 5: "a PNG"}.get(compression, f"compression {compression}")
        raise unsupported(where, f"BMP with {kind} in it")
    is_run = {_RLE8: 8, _RLE4: 4}.get(compression)
    if bits not in (1, 2, 4, 8, 16, 24, 32) or (is_run and bits != is_run):
        raise unsupported(where, f"BMP of {bits} bits per pixel")
    if width <= 0 or not height:
        raise damaged(where, "its header makes no sense")
    if bits in _USUAL_MASKS and compression == _RGB:
        masks = _USUAL_MASKS[bits]
    if bits in _USUAL_MASKS and not all(_is_mask(mask, bits) for mask in masks):
        raise unsupported(where, "BMP with odd masks of bits")
    palette = np.zeros((0, 3), np.uint8)
    if bits <= 8:
        entry = 3 if size == 12 else 4
        count = min(colors or 2**bits, 2**bits)
        if offset > palette_start:
            count = min(count, (offset - palette_start) // entry)
        stored = start[palette_start : palette_start + entry * count]
        if not stored or len(stored) < entry * count:
            raise truncated(where)
        palette = np.frombuffer(stored, np.uint8).reshape(-1, entry)[:, 2::-1].copy()
    return _BmpLayout(
        width, abs(height), bits, compression, height < 0, offset, palette, masks, dpi
    )


def _unpack_at(start: bytes, form: str, place: int, where: Where) -> tuple[int, ...]:
    if place + struct.calcsize(form) > len(start):
        raise truncated(where)
    return struct.unpack_from(form, start, place)


def _shift(mask: int) -> int:
    return (mask & -mask).bit_length() - 1 if mask else 0


def _largest(mask: int) -> int:
    return mask >> _shift(mask)


def _is_mask(mask: int, bits: int) -> bool:
    """Whether its ones are side by side, at most 16 of them."""
    largest = _largest(mask)
    return mask < 2**bits and largest < 2**16 and not largest & (largest + 1)


def _of_runs(file: BinaryIO, layout: _BmpLayout, header: ImageHeader, where: Where) -> ImageArray:
    file.seek(layout.start)
    code = unrolled(file.read(), layout.width, layout.height, layout.bits, where)
    indices = np.frombuffer(code, np.uint8).reshape(layout.height, layout.width)
    indices = indices if layout.is_top_down else indices[::-1]
    result = np.empty(header.stored_shape, header.dtype)
    for part in bands(layout.height, layout.width):
        result[part] = _rows_to_pixels(indices[part], attrs.evolve(layout, bits=8), header, where)
    return result


def _rows_to_pixels(
    rows: ImageArray, layout: _BmpLayout, header: ImageHeader, where: Where
) -> ImageArray:
    """Stored rows -> pixels."""
    if layout.bits <= 8:
        indices = unpacked(rows, layout.bits)[:, : layout.width]
        if indices.max() >= len(layout.palette):
            raise damaged(where, "a pixel is of no color of its palette")
        return looked_up(layout.palette[:, : layout.channels], indices)
    if layout.bits == 24:
        pixels = rows[:, : 3 * layout.width].reshape(len(rows), layout.width, 3)
        return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
    return _masked(rows, layout, header)


def _masked(rows: ImageArray, layout: _BmpLayout, header: ImageHeader) -> ImageArray:
    """Pixels of 16 or 32 bits."""
    result = np.empty((len(rows), layout.width, layout.channels), header.dtype)
    dtype = np.dtype("<u2" if layout.bits == 16 else "<u4")
    # A missing color is black; alpha is not there when its mask is missing.
    words = rows.view(dtype)[:, : layout.width]
    for channel, mask in enumerate(layout.masks[: layout.channels]):
        values = (words & dtype.type(mask)) >> dtype.type(_shift(mask))
        largest = _largest(mask)
        if largest == 0:
            result[..., channel] = 0
            continue
        full = stretched(values.astype(np.uint16), largest).astype(np.uint32)
        if header.bits == 16 and largest <= 255:
            full = _to_16_bits(values.astype(np.uint32), largest)
        result[..., channel] = full
    return result


def _to_16_bits(values: ImageArray, largest: int) -> ImageArray:
    return (values * (2 * 65535) + largest) // (2 * largest)
