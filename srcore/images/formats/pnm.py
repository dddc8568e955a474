"""PBM, PGM, PPM (plain and raw) and PAM, after the manual pages of Netpbm; any largest value."""

from __future__ import annotations

import re
from typing import BinaryIO

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
from srcore.images.samples import stretched, unpacked

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
_COMMENT = re.compile(rb"#[^\r\n]*")
#: A header with its comments is shorter.
_HEADER_BYTES = 2**16


@attrs.frozen
class _Layout:
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

    def recognises(self, start: bytes) -> bool:
        return re.match(rb"P[1-7][\s#]|P[Ff][\s]", start) is not None

    def header(self, file: BinaryIO, where: Where) -> ImageHeader:
        layout = _layout(file.read(_HEADER_BYTES), where)
        bits = 8 if layout.largest <= 255 else 16
        return ImageHeader(layout.height, layout.width, bits, layout.channels)

    def decode(self, data: bytes, header: ImageHeader, where: Where) -> ImageArray:
        layout = _layout(data[:_HEADER_BYTES], where)
        shape = layout.height, layout.width, layout.channels
        samples = (_plain if layout.kind in _PLAIN else _raw)(data, layout, where)
        if layout.kind in _BITMAPS:
            samples = samples ^ 1  # ones are black
        try:
            return stretched(samples.reshape(shape), layout.largest)
        except ValueError as error:
            raise damaged(where, error) from error


def _layout(start: bytes, where: Where) -> _Layout:
    kind = start[1:2]
    if kind in b"Ff":
        raise unsupported(where, "PFM, float32 pixels")
    if kind == b"7":
        layout = _pam_layout(start, where)
    else:
        numbers = []
        place = 2
        for _ in range(2 if kind in _BITMAPS else 3):
            found = _TOKEN.match(start, place)
            if found is None or len(found[1]) > 10:
                raise damaged(where, "a number is missing in its header")
            numbers.append(int(found[1]))
            place = found.end()
        largest = 1 if kind in _BITMAPS else numbers[2]
        # One byte of white space ends the header; plain samples begin with any.
        layout = _Layout(kind, numbers[0], numbers[1], _CHANNELS[kind], largest, place + 1)
    if not (layout.width and layout.height and 1 <= layout.largest <= 65535):
        raise damaged(where, "its header makes no sense")
    return layout


def _pam_layout(start: bytes, where: Where) -> _Layout:
    end = start.find(b"\nENDHDR\n")
    if end < 0:
        raise damaged(where, "its header does not end")
    fields: dict[bytes, bytes] = {}
    for line in _COMMENT.sub(b"", start[2:end]).splitlines():
        name, _, value = line.strip().partition(b" ")
        fields.setdefault(name, value.strip())
    try:
        width, height, channels, largest = (
            int(fields[name]) for name in (b"WIDTH", b"HEIGHT", b"DEPTH", b"MAXVAL")
        )
    except (KeyError, ValueError) as error:
        raise damaged(where, f"its header makes no sense: {error}") from error
    kind = fields.get(b"TUPLTYPE", b"")
    if channels not in _PAM_TYPES or (kind and kind not in _PAM_TYPES[channels]):
        raise unsupported(where, f"PAM of {channels} channels {kind.decode('latin-1')}".rstrip())
    return _Layout(b"7", width, height, channels, largest, end + len(b"\nENDHDR\n"))


def _raw(data: bytes, layout: _Layout, where: Where) -> ImageArray:
    if layout.kind == b"4":
        row = (layout.width + 7) // 8
        content = _enough(data, layout.start, row * layout.height, where)
        rows = np.frombuffer(content, np.uint8).reshape(layout.height, row)
        return unpacked(rows, 1)[:, : layout.width]
    dtype = np.dtype(np.uint8 if layout.largest <= 255 else ">u2")
    count = layout.width * layout.height * layout.channels
    return np.frombuffer(_enough(data, layout.start, count * dtype.itemsize, where), dtype)


def _enough(data: bytes, start: int, count: int, where: Where) -> memoryview:
    if len(data) - start < count:
        raise truncated(where)
    return memoryview(data)[start : start + count]


def _plain(data: bytes, layout: _Layout, where: Where) -> ImageArray:
    text = data[layout.start - 1 :]
    if b"#" in text:
        text = _COMMENT.sub(b" ", text)
    count = layout.width * layout.height * layout.channels
    if layout.kind == b"1":  # digits may stand side by side
        digits = np.frombuffer(b"".join(text.split()), np.uint8)[:count] - ord("0")
        samples = digits
    else:
        try:
            samples = _numbers(text, count)
        except (ValueError, OverflowError) as error:
            raise damaged(where, f"a sample is no number: {error}") from error
    if samples.size < count:
        raise truncated(where)
    if samples.max() > layout.largest:
        raise damaged(where, f"a sample is larger than {layout.largest}, the largest that it names")
    return samples.astype(np.uint8 if layout.largest <= 255 else np.uint16)


def _numbers(text: bytes, count: int) -> ImageArray:
    """The first numbers of a text, a part at a time: words take many times their letters."""
    result = np.empty(min(count, len(text)), np.uint32)
    found = place = 0
    while place < len(text) and found < count:
        space = _SPACE.search(text, place + _TEXT_BYTES)
        end = space.start() if space else len(text)
        part = np.array(text[place:end].split()[: count - found], np.uint32)
        result[found : found + len(part)] = part
        found += len(part)
        place = end
    return result[:found]


_SPACE = re.compile(rb"\s")
_TEXT_BYTES = 2**18
