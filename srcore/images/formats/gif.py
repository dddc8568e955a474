"""GIF (89a), whose pictures are put together as browsers do; Pillow unpacks and writes.

Of a picture that goes again nothing is left: where the specification speaks of a background color,
all viewers show what is behind the animation.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from srcore.images.composing import Disposal, Part, composed, shown_first
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
from srcore.images.formats.gif_walking import StoredPicture, layout_of
from srcore.images.pillow import open_in_pillow
from srcore.images.samples import looked_up

_COLORS = 256
#: Number of the color that means invisible in what is written.
_INVISIBLE = 0
#: Number in a file -> what becomes of a picture; others mean that it stays.
_DISPOSALS: dict[int, Disposal] = {2: "goes", 3: "what was before"}


class Gif(ReadsSeries, WritesSeries):
    """Graphics interchange format: 256 colors a picture, one of which may be invisible."""

    name = "GIF"
    suffixes = (".gif",)
    # A code of 12 bits stands for at most 4096 pixels.
    pixels_per_byte = 2800
    holds = Holds(
        channels=(1, 2, 3, 4), largest_side=65535, colors=256, half_alpha=False, series="animation"
    )
    series = "animation"

    def recognizes(self, start: bytes) -> bool:
        return start.startswith((b"GIF87a", b"GIF89a"))

    def header(self, file: BinaryIO, where: Where) -> ImageHeader:
        layout = layout_of(file.read(), where)
        return ImageHeader(
            layout.height,
            layout.width,
            8,
            4 if layout.has_alpha else 3,
            frame_count=len(layout.pictures),
        )

    def decode(self, file: BinaryIO, header: ImageHeader, where: Where) -> ImageArray:
        file.seek(0)
        data = file.read()
        first = layout_of(data, where).pictures[0]
        return shown_first(header.stored_shape, _decode_frame(data, first, where, header.channels))

    def decode_series(
        self, data: bytes, header: ImageHeader, where: Where
    ) -> tuple[int, Iterator[Picture]]:
        layout = layout_of(data, where)
        parts = (_decode_frame(data, it, where) for it in layout.pictures)
        return layout.plays, composed(layout.height, layout.width, parts)

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
    """As a picture of at most 256 colors, exactly if it has no more; half alpha is none or all."""
    has_alpha = image.shape[-1] in (2, 4)
    colors = image[..., :-1] if has_alpha else image
    colors = np.ascontiguousarray(np.broadcast_to(colors, (*colors.shape[:2], 3)))
    first = int(has_alpha)  # behind the color that means invisible
    visible = image[..., -1] >= 128 if has_alpha else np.ones(image.shape[:2], bool)
    palette, indices = _to_palette(colors, visible, _COLORS - first)
    result = Image.fromarray(np.where(visible, indices + first, _INVISIBLE).astype(np.uint8))
    result.putpalette(bytes(3 * first) + palette.tobytes())
    return result


def _to_palette(
    colors: ImageArray, visible: NDArray[np.bool_], most: int
) -> tuple[NDArray[np.uint8], NDArray[np.intp]]:
    """Palette and indices, of which only those of visible pixels count."""
    codes = colors.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    own = np.unique(codes[visible])
    if len(own) <= most:
        table = np.stack([own >> 16, own >> 8 & 255, own & 255], axis=-1).astype(np.uint8)
        return table, np.searchsorted(own, codes)
    # Invisible pixels take no colors away from visible ones.
    shown = np.where(visible[..., None], colors, colors[visible][0])
    reduced = Image.fromarray(shown).quantize(most)
    table = np.array(reduced.getpalette() or [], np.uint8).reshape(-1, 3)[:most]
    return table, np.asarray(reduced).astype(np.intp)


def _indices(data: bytes, stored: StoredPicture, where: Where) -> ImageArray:
    """Numbers of colors ``(h, w)``."""
    with open_in_pillow(io.BytesIO(stored.alone(data)), "GIF", where) as image:
        image.load()
        return np.asarray(image)


def _with_colors(
    indices: ImageArray, stored: StoredPicture, where: Where, channels: int
) -> ImageArray:
    """Pixels; the number of the invisible color may be beyond the palette."""
    table = np.zeros((_COLORS, 4), np.uint8)
    table[: len(stored.palette), :3] = stored.palette
    table[: len(stored.palette), 3] = 255
    if stored.control.invisible is not None:
        table[stored.control.invisible] = 0
    highest = len(stored.palette) - 1
    if indices.max() > highest and (indices[indices != stored.control.invisible] > highest).any():
        raise damaged(where, "a pixel is of no color of its palette")
    return looked_up(table[:, :channels], indices)


def _decode_frame(data: bytes, stored: StoredPicture, where: Where, channels: int = 4) -> Part:
    if stored.height and stored.width:
        pixels = _with_colors(_indices(data, stored, where), stored, where, channels)
    else:
        pixels = np.zeros((0, 0, channels), np.uint8)
    control = stored.control
    disposal = _DISPOSALS.get(control.disposal, "stays")
    return Part(pixels, stored.top, stored.left, control.milliseconds, disposal)
