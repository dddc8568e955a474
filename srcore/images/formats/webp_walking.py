"""Walking the chunks of a WebP (RFC 9649)."""

from __future__ import annotations

import struct
from typing import BinaryIO

import attrs

from srcore.images import exif
from srcore.images.composing import Disposal
from srcore.images.format import Where, damaged, truncated
from srcore.images.metadata import Metadata

_ANIMATED, _ALPHA = 0x02, 0x10
#: Flags of a picture of an animation.
_GOES, _REPLACES = 0x01, 0x02
_FRAME_BYTES = 16
#: Of an area that the first picture does not fill, as much as of other formats.
_PIXELS_PER_BYTE = 2800
#: Of a chunk that are read where the rest is a picture.
_START_BYTES = 32


@attrs.frozen
class Stored:
    """A picture in a file: where its chunks lie, and what they begin with."""

    start: int
    length: int
    width: int
    height: int
    has_alpha: bool
    is_lossless: bool


@attrs.frozen
class WebpFrame:
    """A picture of an animation: where it lies on the area, when, and what becomes of it."""

    top: int
    left: int
    milliseconds: float
    disposal: Disposal
    lies_over: bool
    stored: Stored


@attrs.frozen
class WebpLayout:
    """Size, whether there is alpha, and what is in a file; ``frames`` is empty if it is still."""

    width: int
    height: int
    has_alpha: bool
    is_lossless: bool
    frames: tuple[WebpFrame, ...]
    plays: int
    metadata: Metadata

    @property
    def first_covers(self) -> bool:
        """Whether the first picture leaves nothing of the area free."""
        if not self.frames:
            return True
        it = self.frames[0].stored
        return (it.width, it.height) == (self.width, self.height)


def layout_of(file: BinaryIO, where: Where) -> WebpLayout:  # noqa: C901 - a branch for each chunk
    """The chunks of a file.

    Raises:
        DataError: the file is truncated or damaged.
    """
    file.seek(0)
    (size,) = struct.unpack_from("<I", file.read(12), 4)
    end = size + 8
    extended = b""
    still: Stored | None = None
    frames: list[WebpFrame] = []
    plays = 0
    chunks: dict[bytes, bytes] = {}
    place = 12
    while place + 8 <= end:
        file.seek(place)
        head = file.read(8)
        if len(head) < 8:
            raise truncated(where)
        name, length = struct.unpack("<4sI", head)
        wanted = length if name in (b"ICCP", b"EXIF") else min(length, _START_BYTES)
        content = file.read(wanted)
        if len(content) < wanted:
            raise truncated(where)
        if name == b"VP8X" and length >= 10:
            extended = extended or content
        elif name in (b"VP8 ", b"VP8L"):
            still = still or _chunk_at(place, length + 8, head + content, where)
        elif name == b"ANIM" and length >= 6:
            (plays,) = struct.unpack_from("<H", content, 4)
        elif name == b"ANMF":
            frames.append(_read_frame(place + 8, length, content, where))
        elif name in (b"ICCP", b"EXIF", b"XMP "):
            chunks[name] = content
        place += 8 + length + length % 2
    file.seek(0, 2)
    if file.tell() < min(place, end):
        raise truncated(where)
    flags = extended[0] if extended else 0
    if not flags & _ANIMATED:
        frames = []
    shown = frames[0].stored if frames else still
    if shown is None:
        raise damaged(where, "no picture in it")
    width, height = shown.width, shown.height
    if extended:
        width, height = (1 + int.from_bytes(extended[it : it + 3], "little") for it in (4, 7))
    # Of a still picture libwebp believes this flag, where there is one.
    has_alpha = bool(flags & _ALPHA) if extended else shown.has_alpha
    layout = WebpLayout(
        width, height, has_alpha, shown.is_lossless, tuple(frames), plays, _webp_metadata(chunks)
    )
    if layout.first_covers:
        return attrs.evolve(layout, has_alpha=has_alpha or (bool(frames) and shown.has_alpha))
    if width * height > file.tell() * _PIXELS_PER_BYTE:
        raise damaged(where, f"{width}x{height} pixels, most of which are in no picture")
    return attrs.evolve(layout, has_alpha=True)


def _webp_metadata(chunks: dict[bytes, bytes]) -> Metadata:
    exif_data = exif.without_exif_word(chunks.get(b"EXIF"))
    return Metadata(
        icc_profile=chunks.get(b"ICCP") or None,
        exif=exif_data,
        dpi=exif.resolution(exif_data),
        others=("XMP",) if b"XMP " in chunks else (),
    )


def _read_frame(place: int, length: int, content: bytes, where: Where) -> WebpFrame:
    """A chunk of an animation, whose content lies at a place."""
    if length < _FRAME_BYTES + 8:
        raise damaged(where, "a picture of its animation is missing")
    left, top, width, height, milliseconds = (
        int.from_bytes(content[it : it + 3], "little") for it in range(0, 15, 3)
    )
    flags, inner = content[15], content[_FRAME_BYTES:]
    is_lossless = inner[:4] == b"VP8L"
    has_alpha = bool(inner[12] & 0x10) if is_lossless and len(inner) > 12 else inner[:4] == b"ALPH"
    stored = Stored(
        *(place + _FRAME_BYTES, length - _FRAME_BYTES),
        width + 1,
        height + 1,
        has_alpha,
        is_lossless,
    )
    return WebpFrame(
        2 * top,
        2 * left,
        float(milliseconds),
        "goes" if flags & _GOES else "stays",
        not flags & _REPLACES,
        stored,
    )


def _chunk_at(place: int, length: int, start: bytes, where: Where) -> Stored:
    """Of a chunk by its first bytes, head and all."""
    content = start[8:]
    if start[:4] == b"VP8 ":
        if content[3:6] != b"\x9d\x01\x2a" or len(content) < 10:
            raise damaged(where, "no lossy picture where one should begin")
        width, height = struct.unpack_from("<HH", content, 6)
        return Stored(place, length, width & 0x3FFF, height & 0x3FFF, False, False)
    if content[:1] != b"\x2f" or len(content) < 5:
        raise damaged(where, "no lossless picture where one should begin")
    bits = int.from_bytes(content[1:5], "little")
    sides = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    return Stored(place, length, *sides, bool(content[4] & 0x10), True)


def one_picture_file(file: BinaryIO, stored: Stored, where: Where) -> bytes:
    """A file with one picture of an animation only.

    Raises:
        DataError: the file is truncated or damaged.
    """
    file.seek(stored.start)
    chunks = file.read(stored.length)
    if len(chunks) < stored.length:
        raise truncated(where)
    if chunks[:4] == b"ALPH":  # which stands behind a flag only
        sides = (it.to_bytes(3, "little") for it in (stored.width - 1, stored.height - 1))
        content = struct.pack("<I", _ALPHA) + b"".join(sides)
        chunks = b"VP8X" + struct.pack("<I", len(content)) + content + chunks
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks
