"""WebP, by the chunks of its container (RIFF); OpenCV decodes, and Pillow animations."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import attrs

from srcore.images import exif
from srcore.images.format import (
    Holds,
    ImageArray,
    ImageHeader,
    Picture,
    ReadsSeries,
    Where,
    WritesSeries,
    Writing,
    damaged,
    truncated,
)
from srcore.images.metadata import Metadata
from srcore.images.opencv import by_opencv, swapped
from srcore.images.pillow import animation, as_array, opened, saved, saved_animation
from srcore.options import option

_ANIMATED, _ALPHA = 0x02, 0x10


@attrs.frozen
class _Layout:
    width: int
    height: int
    has_alpha: bool
    is_animated: bool
    frames: int
    metadata: Metadata
    working: float = 2.0


@attrs.frozen(kw_only=True)
class WebpOptions:
    """How a WebP is written."""

    quality: int = option(95, "1 to 100", ge=1, le=100)
    lossless: bool = option(False, "every pixel as it is; WebP is so at quality 100, too")

    @property
    def settings(self) -> dict[str, Any]:
        """For Pillow, which spends more time on smaller lossless files the higher the quality."""
        lossless = self.lossless or self.quality == 100
        return {"quality": self.quality, "lossless": lossless, "exact": lossless}


class Webp(ReadsSeries, WritesSeries):
    """WebP, lossy and lossless, animations by their first picture."""

    name = "WebP"
    suffixes = (".webp",)
    holds = Holds(
        largest_side=16383, metadata=frozenset({"icc_profile", "exif"}), series="animation"
    )
    options = WebpOptions
    series = "animation"

    def recognises(self, start: bytes) -> bool:
        return start.startswith(b"RIFF") and start[8:12] == b"WEBP"

    def header(self, file: BinaryIO, where: Where) -> ImageHeader:
        layout = _layout(file, where)
        return ImageHeader.of_stored(
            layout.height,
            layout.width,
            8,
            4 if layout.has_alpha else 3,
            exif.orientation(layout.metadata.exif),
            frames=layout.frames,
            metadata=layout.metadata,
            working=layout.working,
        )

    def decode(self, file: BinaryIO, header: ImageHeader, where: Where) -> ImageArray:
        layout = _layout(file, where)
        file.seek(0)
        if layout.is_animated:
            with opened(file, "WEBP", where) as image:
                return as_array(image, "RGBA" if layout.has_alpha else "RGB")
        return swapped(by_opencv(file.read(), where))

    def encode(self, image: ImageArray, writing: Writing) -> bytes:
        return saved(image, "WEBP", writing.metadata, **writing.options.settings)

    def decode_series(
        self, data: bytes, header: ImageHeader, where: Where
    ) -> tuple[int, Iterator[Picture]]:
        return animation(data, "WEBP", header.channels, where, header.orientation)

    def encode_series(self, pictures: Sequence[Picture], plays: int, writing: Writing) -> bytes:
        settings = writing.options.settings
        return saved_animation(pictures, "WEBP", plays, writing.metadata, **settings)


def _layout(file: BinaryIO, where: Where) -> _Layout:
    file.seek(0)
    start = file.read(12)
    (size,) = struct.unpack_from("<I", start, 4)
    width = height = flags = frames = 0
    has_alpha = False
    working = 2.0
    icc_profile = exif_data = None
    others = []
    place = 12
    while place + 8 <= size + 8:
        file.seek(place)
        head = file.read(8)
        if len(head) < 8:
            raise truncated(where)
        name, length = struct.unpack("<4sI", head)
        wanted = length if name in (b"ICCP", b"EXIF") else min(length, 32)
        content = file.read(wanted)
        if len(content) < wanted:
            raise truncated(where)
        if name == b"VP8X" and length >= 10:
            flags = content[0]
            width = 1 + int.from_bytes(content[4:7], "little")
            height = 1 + int.from_bytes(content[7:10], "little")
            has_alpha = bool(flags & _ALPHA)
        elif name in (b"VP8 ", b"VP8L") and not frames:
            frames = 1
            sides = (
                _lossy_size(content, where) if name == b"VP8 " else _lossless_size(content, where)
            )
            if not flags & _ANIMATED and name == b"VP8L":
                has_alpha = bool(content[4] & 0x10)
                # libwebp's picture of four bytes per pixel, beside the three that it gives.
                working = 2.0 if has_alpha else 7 / 3
            width, height = (width, height) if width else sides
        elif name == b"ANMF":
            frames += 1
        elif name == b"ALPH":
            has_alpha = True
        elif name == b"ICCP":
            icc_profile = content or None
        elif name == b"EXIF":
            exif_data = exif.strip_prefix(content)
        elif name == b"XMP ":
            others.append("XMP")
        place += 8 + length + length % 2
    file.seek(0, 2)
    if file.tell() < min(place, size + 8):
        raise truncated(where)
    if not frames:
        raise damaged(where, "no picture in it")
    metadata = Metadata(
        icc_profile=icc_profile,
        exif=exif_data,
        dpi=exif.resolution(exif_data),
        others=tuple(others),
    )
    is_animated = bool(flags & _ANIMATED)
    if is_animated:  # libwebp's two pictures, its bytes, and Pillow's picture, all of four channels
        working = 6.0 if not has_alpha else 5.0
    return _Layout(width, height, has_alpha, is_animated, frames, metadata, working)


def _lossy_size(content: bytes, where: Where) -> tuple[int, int]:
    if content[3:6] != b"\x9d\x01\x2a" or len(content) < 10:
        raise damaged(where, "no lossy picture where one should begin")
    width, height = struct.unpack_from("<HH", content, 6)
    return width & 0x3FFF, height & 0x3FFF


def _lossless_size(content: bytes, where: Where) -> tuple[int, int]:
    if content[:1] != b"\x2f" or len(content) < 5:
        raise damaged(where, "no lossless picture where one should begin")
    bits = int.from_bytes(content[1:5], "little")
    return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
