"""PNG, after the specification (W3C, third edition), whose sections are named.

OpenCV decodes the picture data and is given nothing else: no palette, no transparency, no color
chunks, about which versions of it have different opinions. Those are applied here. What lies before
the picture data counts; of chunks behind it EXIF data and texts do (section 5.6).
"""

from __future__ import annotations

import io
import struct
import sys
import zlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO

import attrs
import cv2
import numpy as np
from numpy.typing import NDArray

from srcore.errors import DataError
from srcore.images import exif
from srcore.images.composing import Part, composed, without_alpha
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
)
from srcore.images.formats.opencv import by_opencv, swapped
from srcore.images.metadata import Metadata
from srcore.images.pillow import saved_animation
from srcore.images.png import chunks as png_chunks
from srcore.images.png.frames import PngFrame, frames_of
from srcore.images.png.rows import decode_from_the_top
from srcore.images.png.walking import (
    COLOR_CHUNKS,
    START,
    TEXT_CHUNKS,
    chunks_before_data,
    chunks_behind_data,
    picture_alone,
)
from srcore.images.samples import bands, looked_up
from srcore.options import option

if TYPE_CHECKING:
    from srcore.data.cropping import Window

_GRAY, _RGB, _PALETTE, _GRAY_ALPHA, _RGB_ALPHA = 0, 2, 3, 4, 6
#: Color type -> stored channels and depths (section 11.2.1).
_KINDS = {
    _GRAY: (1, (1, 2, 4, 8, 16)),
    _RGB: (3, (8, 16)),
    _PALETTE: (1, (1, 2, 4, 8)),
    _GRAY_ALPHA: (2, (8, 16)),
    _RGB_ALPHA: (4, (8, 16)),
}
_LARGEST_PROFILE = 2**24  # bytes; those of cameras and printers have a tenth
_INCHES_PER_METER = 1 / 0.0254


@attrs.frozen
class _PngLayout:
    """What the chunks before the picture data say of the pixels."""

    width: int
    height: int
    depth: int
    color_type: int
    interlaced: bool
    palette: bytes
    transparency: bytes | None

    @property
    def channels(self) -> int:
        if self.color_type == _PALETTE:
            return 3 if self.transparency is None else 4
        return _KINDS[self.color_type][0] + (self.transparency is not None)


@attrs.frozen(kw_only=True)
class PngOptions:
    """How a PNG is written."""

    compress_level: int | None = option(
        None, "0 (large, at once) to 9 (small, slow); by default 4", ge=0, le=9
    )


class Png(ReadsSeries, WritesSeries):
    """Portable network graphics, animated ones too (their first picture)."""

    name = "PNG"
    suffixes = (".png", ".apng")
    holds = Holds(
        bits=(8, 16),
        channels=(1, 2, 3, 4),
        metadata=frozenset({"icc_profile", "png_color", "exif", "dpi"}),
        series="animation",
    )
    options = PngOptions
    series = "animation"
    # Deflate makes data 1032 times smaller, and a byte holds 8 pixels of 1 bit.
    pixels_per_byte = 8 * 1032

    def recognizes(self, start: bytes) -> bool:
        return start.startswith(png_chunks.SIGNATURE)

    def header(self, file: BinaryIO, where: Where) -> ImageHeader:
        chunks: dict[bytes, bytes] = {}
        others = []
        for name, content in chunks_before_data(file, where):
            if name in TEXT_CHUNKS:
                others.append("XMP" if content.startswith(b"XML:com.adobe.xmp\0") else "texts")
            else:
                chunks.setdefault(name, content)
        for name, content in chunks_behind_data(file):
            if name == b"eXIf":
                chunks.setdefault(name, content)
            else:
                others.append("XMP" if content.startswith(b"XML:com.adobe.xmp\0") else "texts")
        layout = _layout(chunks, where)
        exif_data = exif.without_exif_word(chunks.get(b"eXIf"))
        profile = _unpacked_profile(chunks.get(b"iCCP"))
        if profile is None and b"iCCP" in chunks:
            others.append("color profile that is damaged or above 16 MiB")
        return ImageHeader.of_stored(
            layout.height,
            layout.width,
            16 if layout.depth == 16 else 8,
            layout.channels,
            exif.orientation(exif_data),
            frame_count=_frames(chunks.get(b"acTL")),
            metadata=Metadata(
                icc_profile=profile,
                png_color=tuple((name, chunks[name]) for name in COLOR_CHUNKS if name in chunks),
                exif=exif_data,
                dpi=_dpi(chunks.get(b"pHYs")),
                others=tuple(dict.fromkeys(others)),
            ),
        )

    def decode(self, file: BinaryIO, header: ImageHeader, where: Where) -> ImageArray:
        chunks, plain = picture_alone(file, where)
        layout = _layout(chunks, where)
        color_type, depth = _stored_as(layout)
        ihdr = chunks[b"IHDR"]
        before = png_chunks.chunk(b"IHDR", ihdr[:8] + bytes([depth, color_type]) + ihdr[10:])
        plain[START : START + len(before)] = np.frombuffer(before, np.uint8)
        pixels = by_opencv(plain, where)
        del plain
        return _palette_to_colors(_in_file_order(pixels, layout), layout, where)

    def decode_part(
        self, file: BinaryIO, header: ImageHeader, window: Window, where: Where
    ) -> ImageArray:
        file.seek(24)
        depth, color_type, _, _, interlace = file.read(5)
        is_stored_so = color_type != _PALETTE and _KINDS[color_type][0] == header.channels
        if depth != 8 or interlace or not is_stored_so or header.frame_count > 1:
            return super().decode_part(file, header, window, where)
        try:
            return decode_from_the_top(file, window, where)
        except DataError:  # Pillow has opinions about other chunks, too
            return super().decode_part(file, header, window, where)

    def encode(self, image: ImageArray, writing: Writing) -> bytes:
        before = png_chunks.describing(writing.metadata)
        level = writing.options.compress_level
        if image.shape[-1] == 2:
            return png_chunks.after_header(png_chunks.gray_alpha(image, level), before)
        if image.shape[-1] >= 3:
            code = cv2.COLOR_RGB2BGR if image.shape[-1] == 3 else cv2.COLOR_RGBA2BGRA
            image = np.ascontiguousarray(image)
            image = cv2.cvtColor(image, code, dst=image if writing.may_overwrite else None)
        settings = [] if level is None else [cv2.IMWRITE_PNG_COMPRESSION, level]
        _, encoded = cv2.imencode(".png", np.ascontiguousarray(image), settings)
        return png_chunks.after_header(encoded.tobytes(), before)

    def decode_series(
        self, data: bytes, header: ImageHeader, where: Where
    ) -> tuple[int, Iterator[Picture]]:
        frames = list(frames_of(data, where))
        if len(frames) != header.frame_count:
            raise damaged(where, f"{len(frames)} of {header.frame_count} pictures are in it")
        parts = (
            Part(
                self.decode(io.BytesIO(it.content), header, where),
                *(it.top, it.left, it.milliseconds, it.disposal, it.lies_over),
            )
            for it in frames
        )
        shown = composed(header.stored_shape[0], header.stored_shape[1], parts)
        turned = (attrs.evolve(it, orientation=header.orientation) for it in shown)
        is_opaque = header.channels in (1, 3) and not _uncovers(frames, header)
        return _times_shown(data), without_alpha(turned) if is_opaque else turned

    def encode_series(self, pictures: Sequence[Picture], plays: int, writing: Writing) -> bytes:
        level = writing.options.compress_level
        settings = {} if level is None else {"compress_level": level}
        content = saved_animation(pictures, "PNG", plays, Metadata(), **settings)
        return png_chunks.after_header(content, png_chunks.describing(writing.metadata))


def _layout(chunks: dict[bytes, bytes], where: Where) -> _PngLayout:
    ihdr = chunks.get(b"IHDR", b"")
    if len(ihdr) != 13:
        raise damaged(where, "no header (IHDR)")
    width, height, depth, color_type, compression, filtering, interlace = struct.unpack(
        ">IIBBBBB", ihdr
    )
    sides_are_right = 0 < width < 2**31 and 0 < height < 2**31
    known = color_type in _KINDS and depth in _KINDS[color_type][1]
    if not (sides_are_right and known and compression == filtering == 0 and interlace < 2):
        raise damaged(where, "its header (IHDR) makes no sense")
    palette = chunks.get(b"PLTE", b"")
    if color_type == _PALETTE and (not palette or len(palette) % 3):
        raise damaged(where, "no palette (PLTE)")
    transparency = chunks.get(b"tRNS")
    if transparency is not None:
        needed = {_GRAY: 2, _RGB: 6, _PALETTE: 1}.get(color_type)
        if needed is None or len(transparency) < needed:
            transparency = None
    return _PngLayout(width, height, depth, color_type, interlace == 1, palette, transparency)


def _stored_as(layout: _PngLayout) -> tuple[int, int]:
    """Color type and depth as which OpenCV is to decode the samples.

    An index is gray, which OpenCV stretches to 8 bits. Gray with alpha, of which OpenCV would make
    four channels, has as many bytes per pixel, by which rows are filtered, as another kind.
    """
    if layout.color_type == _GRAY_ALPHA:
        return (_GRAY, 16) if layout.depth == 8 else (_RGB_ALPHA, 8)
    return (_GRAY if layout.color_type == _PALETTE else layout.color_type), layout.depth


def _in_file_order(pixels: ImageArray, layout: _PngLayout) -> ImageArray:
    """What OpenCV decoded as ``(H, W, C)`` in the order of the file."""
    if layout.color_type == _GRAY_ALPHA:
        if layout.depth == 8:
            return _in_big_endian(pixels).view(np.uint8).reshape(*pixels.shape[:2], 2)
        return _in_big_endian(swapped(pixels).view(np.uint16))
    if pixels.ndim == 2:
        return pixels[..., None]
    return swapped(pixels)


def _in_big_endian(words: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Words whose bytes change places, in place, where the first is not the highest."""
    return words.byteswap(inplace=True) if sys.byteorder == "little" else words


def _palette_to_colors(pixels: ImageArray, layout: _PngLayout, where: Where) -> ImageArray:
    """With palette and transparency (sections 11.2.2 and 11.3.1.1)."""
    if layout.color_type == _PALETTE:
        colors = np.frombuffer(layout.palette, np.uint8).reshape(-1, 3)
        if layout.transparency is not None:
            alpha = np.full((len(colors), 1), 255, np.uint8)
            given = np.frombuffer(layout.transparency, np.uint8)[: len(colors)]
            alpha[: len(given), 0] = given
            colors = np.hstack([colors, alpha])
        indices = pixels[..., 0]
        indices //= 255 // (2**layout.depth - 1)
        if indices.max() >= len(colors):
            raise damaged(where, "a pixel is of no color of its palette")
        return looked_up(colors, indices)
    if layout.transparency is None:
        return pixels
    key = np.frombuffer(layout.transparency, ">u2")[: pixels.shape[-1]] & (2**layout.depth - 1)
    if layout.depth < 8:
        key = key * (255 // (2**layout.depth - 1))
    largest = np.iinfo(pixels.dtype).max
    height, width, channels = pixels.shape
    result = np.empty((height, width, channels + 1), pixels.dtype)
    for part in bands(height, width * channels):
        result[part, :, :channels] = pixels[part]
        is_visible = (pixels[part] != key.astype(pixels.dtype)).any(-1)
        result[part, :, channels] = is_visible * pixels.dtype.type(largest)
    return result


def _uncovers(frames: Sequence[PngFrame], header: ImageHeader) -> bool:
    """Whether something of the area is invisible at some time, in pictures without alpha."""
    height, width = header.stored_shape[:2]
    first = frames[0]
    covers = first.height == height and first.width == width
    # What was there before the first picture is nothing.
    return not covers or first.disposal != "stays" or any(it.disposal == "goes" for it in frames)


def _times_shown(data: bytes) -> int:
    place = data.index(b"acTL")
    return int.from_bytes(data[place + 8 : place + 12], "big")


def _frames(control: bytes | None) -> int:
    return max(1, int.from_bytes(control[:4], "big")) if control else 1


def _unpacked_profile(chunk: bytes | None) -> bytes | None:
    if chunk is None:
        return None
    _, _, rest = chunk.partition(b"\0")
    try:
        reading = zlib.decompressobj()
        profile = reading.decompress(rest[1:], _LARGEST_PROFILE)
        return profile if reading.eof and profile else None
    except zlib.error:  # a bad profile does not make bad pixels
        return None


def _dpi(chunk: bytes | None) -> tuple[float, float] | None:
    if chunk is None or len(chunk) != 9 or chunk[8] != 1:
        return None
    x, y = struct.unpack(">II", chunk[:8])
    return (x / _INCHES_PER_METER, y / _INCHES_PER_METER) if x and y else None
