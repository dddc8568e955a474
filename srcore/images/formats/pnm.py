"""PBM, PGM, PPM (plain and raw) and PAM, after the manual pages of Netpbm; any largest value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

import attrs
import numpy as np

from srcore.images.format import (
    ImageArray,
    ImageFormat,
    ImageHeader,
    Where,
    damaged,
    truncated,
    unsupported,
)
from srcore.images.samples import bands, stretched, unpacked

#: Number behind the P -> channels.
_CHANNELS = {b"1": 1, b"2": 1, b"3": 3, b"4": 1, b"5": 1, b"6": 3}
_PLAIN, _BITMAPS = (b"1", b"2", b"3"), (b"1", b"4")
_PAM_TYPES = {
    1: (b"BLACKANDWHITE", b"GRAYSCALE"),
    2: (b"BLACKANDWHITE_ALPHA", b"GRAYSCALE_ALPHA"),
    3: (b"RGB",),
    4: (b"RGB_ALPHA",),
}
#: White space and comments, one token.
_TOKEN = re.compile(rb"(?:\s|#[^\r\n]*[\r\n])*([0-9]+)")
_ENDING = re.compile(rb"(?:#[^\r\n]*)?[\s\S]?")
_COMMENT = re.compile(rb"#[^\r\n]*")
#: A header with its comments is shorter.
_HEADER_BYTES = 2**16


@attrs.frozen
class _PnmLayout:
    kind: bytes
    width: int
    height: int
    channels: int
    largest: int
    start: int  # of the samples


class Pnm(ImageFormat):
    """Portable any map."""

    name = "PNM"
    suffixes = (".ppm", ".pgm", ".pbm", ".pnm", ".pam")
    pixels_per_byte = 8

    def recognizes(self, start: bytes) -> bool:
        return re.match(rb"P[1-7][\s#]|P[Ff][\s]", start) is not None

    def header(self, file: BinaryIO, where: Where) -> ImageHeader:
        layout = _layout(file.read(_HEADER_BYTES), where)
        bits = 8 if layout.largest <= 255 else 16
        return ImageHeader(layout.height, layout.width, bits, layout.channels)

    def decode(self, file: BinaryIO, header: ImageHeader, where: Where) -> ImageArray:
        file.seek(0)
        layout = _layout(file.read(_HEADER_BYTES), where)
        result = np.empty((layout.height, layout.width * layout.channels), header.dtype)
        stored = (
            _text_rows(file, layout, where) if layout.kind in _PLAIN else _raw(file, layout, where)
        )
        for part, samples in zip(_rows_in_bands(layout), stored, strict=True):
            if layout.kind in _BITMAPS:
                samples = samples ^ 1  # ones are black
            try:
                result[part] = stretched(samples.reshape(result[part].shape), layout.largest)
            except ValueError as error:
                raise damaged(where, error) from error
        return result.reshape(header.stored_shape)


def _layout(start: bytes, where: Where) -> _PnmLayout:
    kind = start[1:2]
    if kind in b"Ff":
        raise unsupported(where, "PFM, float32 pixels")
    if kind == b"7":
        layout = _pam_layout(start, where)
    else:
        numbers = []
        place = 2
        for _ in range(2 if kind in _BITMAPS else 3):
            token = _TOKEN.match(start, place)
            if token is None or len(token[1]) > 10:
                raise damaged(where, "a number is missing in its header")
            numbers.append(int(token[1]))
            place = token.end()
        largest = 1 if kind in _BITMAPS else numbers[2]
        # One byte of white space ends the header, or a comment; plain samples begin with any.
        place = _ENDING.match(start, place).end()  # type: ignore[union-attr]  # it matches nothing, too
        layout = _PnmLayout(kind, numbers[0], numbers[1], _CHANNELS[kind], largest, place)
    if not (layout.width and layout.height and 1 <= layout.largest <= 65535):
        raise damaged(where, "its header makes no sense")
    return layout


def _pam_layout(start: bytes, where: Where) -> _PnmLayout:
    if re.match(rb"P7 332\s", start):
        raise unsupported(where, "thumbnail of XV")
    end = start.find(b"\nENDHDR\n")
    if end < 0:
        raise damaged(where, "its header does not end")
    fields: dict[bytes, bytes] = {}
    for line in filter(bytes.strip, _COMMENT.sub(b"", start[2:end]).splitlines()):
        name, *value = line.split(None, 1)
        fields.setdefault(name, b"".join(value).strip())
    try:
        width, height, channels, largest = (
            int(fields[name]) for name in (b"WIDTH", b"HEIGHT", b"DEPTH", b"MAXVAL")
        )
    except (KeyError, ValueError) as error:
        raise damaged(where, f"its header makes no sense: {error}") from error
    kind = fields.get(b"TUPLTYPE", b"")
    if channels not in _PAM_TYPES or (kind and kind not in _PAM_TYPES[channels]):
        raise unsupported(where, f"PAM of {channels} channels {kind.decode('latin-1')}".rstrip())
    return _PnmLayout(b"7", width, height, channels, largest, end + len(b"\nENDHDR\n"))


def _dtype(layout: _PnmLayout) -> np.dtype[Any]:
    return np.dtype(np.uint8 if layout.largest <= 255 else np.uint16)


def _rows_in_bands(layout: _PnmLayout) -> Iterator[slice]:
    """The rows, some at a time."""
    return bands(layout.height, layout.width * layout.channels)


def _raw(file: BinaryIO, layout: _PnmLayout, where: Where) -> Iterator[ImageArray]:
    """Samples of some rows at a time."""
    dtype = _dtype(layout).newbyteorder(">")
    is_bitmap = layout.kind in _BITMAPS
    samples = layout.width * layout.channels
    stride = (layout.width + 7) // 8 if is_bitmap else samples * dtype.itemsize
    file.seek(layout.start)
    for part in _rows_in_bands(layout):
        count = part.stop - part.start
        content = file.read(stride * count)
        if len(content) < stride * count:
            raise truncated(where)
        if is_bitmap:
            packed = np.frombuffer(content, np.uint8).reshape(count, stride)
            yield unpacked(packed, 1)[:, : layout.width]
        else:
            yield np.frombuffer(content, dtype)


def _text_rows(file: BinaryIO, layout: _PnmLayout, where: Where) -> Iterator[ImageArray]:
    """Samples of some rows at a time; of the text, a part of which is held."""
    file.seek(layout.start - 1)
    numbers = _numbers(file, layout, where)
    waiting = np.empty(0, _dtype(layout))
    for part in _rows_in_bands(layout):
        needed = (part.stop - part.start) * layout.width * layout.channels
        pieces, count = [waiting], len(waiting)
        while count < needed:
            pieces.append(next(numbers))
            count += len(pieces[-1])
        together = np.concatenate(pieces)
        waiting = together[needed:].copy()
        yield together[:needed]


def _numbers(file: BinaryIO, layout: _PnmLayout, where: Where) -> Iterator[ImageArray]:
    """All samples, a part at a time; what stands behind them is not looked at.

    Raises:
        DataError: there are too few, or some are no numbers.
    """
    missing = layout.width * layout.height * layout.channels
    is_bitmap = layout.kind == b"1"
    for text in _text_words(file, is_bitmap, where):
        words = text.split()  # which take many times their letters
        try:
            numbers = (
                np.frombuffer(b"".join(words)[:missing], np.uint8) - ord("0")
                if is_bitmap
                else np.array(words[:missing], np.uint32)
            )
        except (ValueError, OverflowError) as error:
            raise damaged(where, f"a sample is no number: {error}") from error
        if numbers.max(initial=0) > layout.largest:
            raise damaged(
                where, f"a sample is larger than {layout.largest}, the largest that it names"
            )
        yield numbers.astype(_dtype(layout))
        missing -= len(numbers)
        if not missing:
            return
    raise truncated(where)


def _text_words(file: BinaryIO, is_bitmap: bool, where: Where) -> Iterator[bytes]:
    """The text of a file without its comments, in parts of whole words (digits, in bitmaps)."""
    rest, is_last = b"", False
    while not is_last:
        piece = file.read(_TEXT_BYTES)
        is_last = not piece
        text = rest + piece
        comment = text.rfind(b"#")
        if comment > max(text.rfind(b"\n"), text.rfind(b"\r")):  # it goes on in the next part
            end, rest = comment, b"#"
        else:
            end = len(text) if is_last or is_bitmap else len(text.rstrip(b"0123456789"))
            rest = text[end:]
        if len(rest) > _TEXT_BYTES:
            raise damaged(where, "a sample is no number")
        yield _COMMENT.sub(b" ", text[:end])


_TEXT_BYTES = 2**16
