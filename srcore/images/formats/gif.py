"""GIF (89a): the first picture, as a viewer shows it before any other; writing by Pillow."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import attrs
import numpy as np
from numpy.typing import NDArray
from PIL import Image

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
from srcore.images.pillow import animation, as_array, opened

_EXTENSION, _PICTURE, _END = 0x21, 0x2C, 0x3B
_GRAPHIC_CONTROL = 0xF9
_COLOURS = 256
#: Number of the colour that means invisible in what is written.
_INVISIBLE = 0


@attrs.frozen
class _Layout:
    width: int
    height: int
    frames: int
    box: tuple[int, int, int, int]  # of the first picture: left, top, right, bottom
    is_transparent: bool

    @property
    def covers(self) -> bool:
        left, top, right, bottom = self.box
        return left == top == 0 and right >= self.width and bottom >= self.height


class Gif(ReadsSeries, WritesSeries):
    """Graphics interchange format: 256 colours a picture, one of which may be invisible."""

    name = "GIF"
    suffixes = (".gif",)
    # A code of 12 bits stands for at most 4096 pixels.
    pixels_per_byte = 2800
    holds = Holds(
        channels=(1, 2, 3, 4), largest_side=65535, colours=256, half_alpha=False, series="animation"
    )
    series = "animation"

    def recognises(self, start: bytes) -> bool:
        return start.startswith((b"GIF87a", b"GIF89a"))

    def header(self, file: BinaryIO, where: Where) -> ImageHeader:
        layout = _layout(file.read(), where)
        has_alpha = layout.is_transparent or not layout.covers
        return ImageHeader(
            layout.height, layout.width, 8, 4 if has_alpha else 3, frames=layout.frames
        )

    def decode(self, file: BinaryIO, header: ImageHeader, where: Where) -> ImageArray:
        file.seek(0)
        layout = _layout(file.read(), where)
        file.seek(0)
        with opened(file, "GIF", where) as image:
            pixels = as_array(image, "RGBA" if header.channels == 4 else "RGB")
        if not layout.covers:  # nothing is there yet
            left, top, right, bottom = layout.box
            pixels[:top] = pixels[bottom:] = 0
            pixels[:, :left] = pixels[:, right:] = 0
        return pixels

    def decode_series(
        self, data: bytes, header: ImageHeader, where: Where
    ) -> tuple[int, Iterator[Picture]]:
        # Later pictures may uncover what is behind the first.
        return animation(data, "GIF", 4, where)

    def encode(self, image: ImageArray, writing: Writing) -> bytes:
        return self.encode_series([Picture(image)], 1, writing)

    def encode_series(self, pictures: Sequence[Picture], plays: int, writing: Writing) -> bytes:
        first, *others = (_with_palette(it.image) for it in pictures)
        settings: dict[str, Any] = {"optimize": False}
        if others:
            times = [round(it.milliseconds) for it in pictures]
            settings.update(save_all=True, append_images=others, duration=times)
        if plays != 1:  # the file counts repetitions, and has none unless it says so
            settings["loop"] = max(0, plays - 1)
        if pictures[0].image.shape[-1] in (2, 4):
            # What was visible before is to go where a picture is transparent.
            settings.update(transparency=_INVISIBLE, disposal=2)
        buffer = io.BytesIO()
        first.save(buffer, "GIF", **settings)
        return buffer.getvalue()


def _with_palette(image: ImageArray) -> Image.Image:
    """As a picture of at most 256 colours, exactly if it has no more; half alpha is none or all."""
    has_alpha = image.shape[-1] in (2, 4)
    colours = image[..., :-1] if has_alpha else image
    colours = np.ascontiguousarray(np.broadcast_to(colours, (*colours.shape[:2], 3)))
    first = int(has_alpha)  # behind the colour that means invisible
    visible = image[..., -1] >= 128 if has_alpha else np.ones(image.shape[:2], bool)
    palette, indices = _quantised(colours, visible, _COLOURS - first)
    result = Image.fromarray(np.where(visible, indices + first, _INVISIBLE).astype(np.uint8))
    result.putpalette(bytes(3 * first) + palette.tobytes())
    return result


def _quantised(
    colours: ImageArray, visible: NDArray[np.bool_], most: int
) -> tuple[NDArray[np.uint8], NDArray[np.intp]]:
    """Palette and indices, of which only those of visible pixels count."""
    codes = colours.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    own = np.unique(codes[visible])
    if len(own) <= most:
        table = np.stack([own >> 16, own >> 8 & 255, own & 255], axis=-1).astype(np.uint8)
        return table, np.searchsorted(own, codes)
    # Invisible pixels take no colours away from visible ones.
    shown = np.where(visible[..., None], colours, colours[visible][0])
    reduced = Image.fromarray(shown).quantize(most)
    table = np.array(reduced.getpalette() or [], np.uint8).reshape(-1, 3)[:most]
    return table, np.asarray(reduced).astype(np.intp)


def _layout(data: bytes, where: Where) -> _Layout:
    if len(data) < 13:
        raise truncated(where)
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    place = 13 + _table_size(flags)
    box: tuple[int, int, int, int] | None = None
    frames, is_transparent = 0, False
    while place < len(data) and data[place] != _END:
        kind = data[place]
        if kind == _EXTENSION:
            is_control = data[place + 1 : place + 3] == bytes([_GRAPHIC_CONTROL, 4])
            if is_control and not frames and place + 3 < len(data):
                is_transparent = bool(data[place + 3] & 1)
            place += 2
        elif kind == _PICTURE:
            if place + 10 > len(data):
                raise truncated(where)
            left, top, columns, rows, flags = struct.unpack_from("<HHHHB", data, place + 1)
            if box is None:
                # A picture beyond the screen makes it larger, in Pillow as in browsers.
                width, height = max(width, left + columns), max(height, top + rows)
                box = left, top, left + columns, top + rows
            place += 11 + _table_size(flags)
        else:
            raise damaged(where, f"a block of unknown kind {kind:#04x}")
        place = _after_blocks(data, place, where)
        frames += kind == _PICTURE
    if box is None:
        raise truncated(where)
    if not width or not height:
        raise damaged(where, "its header makes no sense")
    return _Layout(width, height, frames, box, is_transparent)


def _table_size(flags: int) -> int:
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _after_blocks(data: bytes, place: int, where: Where) -> int:
    while True:
        if place >= len(data):
            raise truncated(where)
        if data[place] == 0:
            return place + 1
        place += 1 + data[place]
