"""JPEG (ITU-T T.81), by its segments.

A file ends at its own end marker; cameras put videos and maps behind it. Pillow decodes. That a
file was cut and closed again is found by keeping the end marker from the decoder: one that still
wants data then has been given too little. libjpeg itself fills the rest with gray in silence.
"""

from __future__ import annotations

import io
import re
import struct
import zlib
from typing import Any, BinaryIO

import attrs

from srcore.images import exif, strict_jpeg
from srcore.images.format import (
    Holds,
    ImageArray,
    ImageHeader,
    Subsampling,
    Where,
    WritableFormat,
    Writing,
    color_subsampling,
    damaged,
    truncated,
    unsupported,
    written_quality,
)
from srcore.images.metadata import Metadata
from srcore.images.pillow import decode_by_pillow, encode_by_pillow
from srcore.options import option

_START, _END = b"\xff\xd8", b"\xff\xd9"
_END_OF_IMAGE, _START_OF_SCAN = 0xD9, 0xDA
#: At the end of a file that tell what it ends with.
_LAST_BYTES = 256
_SEGMENT_FREE = {0x01, *range(0xD0, 0xD8)}
#: Start-of-frame markers (table B.1) of sequential and progressive Huffman coding, which are read.
_FRAMES_READ = (0xC0, 0xC1, 0xC2)
_LOSSLESS_FRAME = 0xF7  # of JPEG-LS (ITU-T T.87)
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
#: A marker in coded data: what follows FF is no stuffed zero, restart or fill.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
#: Stuffed ones, of which no Huffman code consists. The decoder looks 8 bytes ahead.
_FILLING = b"\xff\x00" * 8
#: Of what libjpeg keeps: pointers to rows, and buffers.
_OVERHEAD = 1.02
_FILLING_2 = b"\x55" * 8


@attrs.frozen
class _Segments:
    height: int
    width: int
    channels: int
    is_one_scan: bool
    kept: int
    metadata: Metadata
    orientation: int


@attrs.frozen(kw_only=True)
class JpegOptions:
    """How a JPEG is written."""

    quality: int = written_quality()
    subsampling: Subsampling | None = color_subsampling()
    progressive: bool = option(False, "shown coarsely first, and smaller")


class Jpeg(WritableFormat):
    """Photographs of 8 bits: gray, YCbCr, RGB, CMYK and YCCK; MPO and motion photos too."""

    name = "JPEG"
    suffixes = (".jpg", ".jpeg", ".jfif", ".jpe", ".mpo")
    holds = Holds(
        channels=(1, 3), largest_side=65500, metadata=frozenset({"icc_profile", "exif", "dpi"})
    )
    options = JpegOptions
    pixels_per_byte = 512  # 1 bit per block of 8x8

    def recognizes(self, start: bytes) -> bool:
        return start.startswith(_START + b"\xff")

    def header(self, file: BinaryIO, where: Where) -> ImageHeader:
        segments = _read_segments(file, where)
        return ImageHeader.of_stored(
            segments.height,
            segments.width,
            8,
            1 if segments.channels == 1 else 3,
            segments.orientation,
            metadata=segments.metadata,
            working=_working(segments),
        )

    def decode(self, file: BinaryIO, header: ImageHeader, where: Where) -> ImageArray:
        segments = _read_segments(file, where)
        if strict_jpeg.is_installed() and segments.channels in (1, 3):
            pixels = strict_jpeg.decode(_body(file, where, _END), segments.channels, where)
            return _decoded_twice(file, header, where) if pixels is None else pixels
        if segments.is_one_scan:
            # The last block or two may be missing: the decoder takes the filling for them.
            return _decode_jpeg(_body(file, where, _FILLING), header, where)
        return _decoded_twice(file, header, where)

    def verify(self, file: BinaryIO, header: ImageHeader, where: Where) -> ImageArray:
        if strict_jpeg.is_installed():
            return self.decode(file, header, where)
        self.decode(file, header, where)
        return _decoded_twice(file, header, where)

    def encode(self, image: ImageArray, writing: Writing) -> bytes:
        options: JpegOptions = writing.options
        settings: dict[str, Any] = {"quality": options.quality, "progressive": options.progressive}
        if options.subsampling is not None and image.shape[-1] == 3:
            settings["subsampling"] = options.subsampling
        return encode_by_pillow(image, "JPEG", writing.metadata, **settings)


def _read_segments(file: BinaryIO, where: Where) -> _Segments:  # noqa: C901 - a branch for each marker
    """Everything before the coded data."""
    file.seek(2)
    frame, exif_data, density = b"", None, None
    profile: dict[int, bytes] = {}
    others: list[str] = []
    is_progressive = False
    while True:
        marker = _next_marker(file, where)
        if marker in _SEGMENT_FREE:
            continue
        if marker == _END_OF_IMAGE:
            raise damaged(where, "it ends before its picture data")
        (length,) = struct.unpack(">H", _exactly(file, 2, where))
        if length < 2:
            raise damaged(where, "a segment without length")
        content = _exactly(file, length - 2, where)
        if marker in _FRAMES:
            if marker not in _FRAMES_READ:
                raise unsupported(where, "JPEG with arithmetic or lossless coding")
            frame, is_progressive = content, marker == 0xC2
        elif marker == _START_OF_SCAN:
            break
        elif marker == _LOSSLESS_FRAME:
            raise unsupported(where, "JPEG-LS")
        elif marker == 0xE0 and content.startswith(b"JFIF\0"):
            density = _density(content)
        elif marker == 0xE1 and content.startswith(b"Exif\0\0"):
            exif_data = exif_data or exif.without_exif_word(content)
        elif marker == 0xE2 and content.startswith(b"ICC_PROFILE\0") and len(content) > 14:
            profile[content[12]] = content[14:]
        else:
            others += _segment_names(marker, content)
    if _has_more(file):
        others.append("what lies behind the picture (a video, a depth map)")
    if len(frame) < 6:
        raise damaged(where, "no frame before its picture data")
    precision, height, width, channels = struct.unpack(">BHHB", frame[:6])
    if precision != 8:
        raise unsupported(where, f"JPEG of {precision} bits")
    if channels not in (1, 3, 4):
        raise unsupported(where, f"JPEG of {channels} channels")
    if not height or not width:
        raise unsupported(where, "JPEG that says its height behind its picture data")
    metadata = Metadata(
        icc_profile=b"".join(profile[number] for number in sorted(profile)) or None,
        exif=exif_data,
        dpi=density or exif.resolution(exif_data),
        others=tuple(dict.fromkeys(others)),
    )
    scan_channels = content[0] if content else 0
    is_one_scan = not is_progressive and scan_channels == channels
    # libjpeg keeps all coefficients, of two bytes, until the last scan if there are several.
    kept = 0 if is_one_scan else 2 * _coefficients(frame, where)
    turned = exif.orientation(exif_data)
    return _Segments(height, width, channels, is_one_scan, kept, metadata, turned)


def _coefficients(frame: bytes, where: Where) -> int:
    """How many a picture has, in all of its channels (section A.1.1)."""
    height, width, channels = struct.unpack(">HHB", frame[1:6])
    factors = [(it >> 4, it & 15) for it in frame[7 : 6 + 3 * channels : 3]]
    if len(factors) < channels or not all(x and y for x, y in factors):
        raise damaged(where, "its header makes no sense")
    across, down = max(it for it, _ in factors), max(it for _, it in factors)
    # In whole blocks of 8x8 of the coarsest channel.
    columns, rows = -(-width // (8 * across)), -(-height // (8 * down))
    return sum(64 * x * y * columns * rows for x, y in factors)


def _working(segments: _Segments) -> float:
    """See ``working`` of :class:`srcore.images.format.ImageHeader`."""
    pixels = segments.height * segments.width
    by_pillow = not (strict_jpeg.is_installed() and segments.channels in (1, 3))
    decoded_bytes = pixels * (1 if segments.channels == 1 else 4 if by_pillow else 3)
    own = pixels * (1 if segments.channels == 1 else 3)
    return max(2.0, (decoded_bytes + _OVERHEAD * segments.kept) / own)


def _next_marker(file: BinaryIO, where: Where) -> int:
    byte = _exactly(file, 1, where)
    while byte != b"\xff":  # libjpeg skips what is between segments, too
        byte = _exactly(file, 1, where)
    while byte == b"\xff":
        byte = _exactly(file, 1, where)
    return byte[0]


def _exactly(file: BinaryIO, count: int, where: Where) -> bytes:
    content = file.read(count)
    if len(content) < count:
        raise truncated(where)
    return content


def _body(file: BinaryIO, where: Where, end: bytes) -> bytes:
    """The picture with another end than its end marker."""
    file.seek(0)
    data = file.read()
    return b"".join((memoryview(data)[: _end_of_picture(data, where) - 2], end))


def _end_of_picture(data: bytes, where: Where) -> int:
    """Where the picture ends: behind the end marker that closes its scans."""
    place = 2
    while True:
        place = data.find(b"\xff", place)
        if place < 0 or place + 2 > len(data):
            raise truncated(where)
        marker = data[place + 1]
        if marker == _END_OF_IMAGE:
            return place + 2
        if marker in (0x00, 0xFF) or marker in _SEGMENT_FREE:
            place += 1 if marker == 0xFF else 2
            continue
        place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
        if marker == _START_OF_SCAN:
            following = _MARKER.search(data, place)
            if following is None:
                raise truncated(where)
            place = following.start()


def _decode_jpeg(content: bytes, header: ImageHeader, where: Where) -> ImageArray:
    return decode_by_pillow(
        io.BytesIO(content), "JPEG", "L" if header.channels == 1 else "RGB", where
    )


def _decoded_twice(file: BinaryIO, header: ImageHeader, where: Where) -> ImageArray:
    """Pixels of scans without their end marker, which is seen before they are decoded.

    Two fillings come before it, one after the other; if they differ in the picture, it wants data.
    """
    checksum = zlib.crc32(_decode_jpeg(_body(file, where, _FILLING + _END), header, where).data)
    pixels = _decode_jpeg(_body(file, where, _FILLING_2 + _END), header, where)
    if zlib.crc32(pixels.data) != checksum:
        raise _closed_early(where)
    return pixels


def _closed_early(where: Where) -> Exception:
    return damaged(where, "its picture data end early; copy or download it again")


def _has_more(file: BinaryIO) -> bool:
    """Whether a file ends with other than an end marker and filling.

    Further pictures, which end with such a marker themselves, are announced by a segment (MPF).
    """
    file.seek(0, 2)
    file.seek(max(0, file.tell() - _LAST_BYTES))
    last = file.read().rstrip(b"\0 \r\n")
    return bool(last) and not last.endswith(_END)


def _density(jfif: bytes) -> tuple[float, float] | None:
    if len(jfif) < 12 or jfif[7] not in (1, 2):
        return None
    x, y = struct.unpack(">HH", jfif[8:12])
    factor = 1.0 if jfif[7] == 1 else 2.54
    return (x * factor, y * factor) if x and y else None


def _segment_names(marker: int, content: bytes) -> list[str]:
    if marker == 0xE1 and content.startswith(b"http://ns.adobe.com/xap/1.0/"):
        return ["XMP"]
    if marker == 0xED and content.startswith(b"Photoshop"):
        return ["IPTC"]
    if marker == 0xFE:
        return ["texts"]
    return ["further pictures (MPF)"] if marker == 0xE2 and content.startswith(b"MPF\0") else []
