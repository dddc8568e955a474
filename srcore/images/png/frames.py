"""The pictures of an animated PNG as they are stored (specification, section 11.3.6)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import attrs

from srcore.images.composing import Disposal
from srcore.images.format import Where, damaged, truncated
from srcore.images.png import chunks as png_chunks
from srcore.images.png.walking import START, is_undamaged_chunk

_DISPOSALS: tuple[Disposal, ...] = ("stays", "goes", "what was before")
_DEFAULT_PARTS_OF_A_SECOND = 100
#: What pictures have in common besides their depth and color type.
_SHARED = (b"PLTE", b"tRNS")


@attrs.frozen
class PngFrame:
    """A picture of an animation: where it lies, when, and the file that it alone would be."""

    top: int
    left: int
    height: int
    width: int
    milliseconds: float
    disposal: Disposal
    lies_over: bool
    content: bytes = attrs.field(repr=False)


def frames_of(data: bytes, where: Where) -> Iterator[PngFrame]:
    """All pictures, without one that is for programs that show no animations.

    Raises:
        DataError: the file is truncated or damaged.
    """
    ihdr, shared = b"", b""
    control, packed = b"", list[bytes]()
    for name, place in _chunks(data, where):
        content = data[place]
        if name in (b"fcTL", b"IEND"):
            if control:
                yield _made_frame(ihdr, shared, control, packed, where)
            control, packed = content, []
        elif name == b"IHDR":
            ihdr = content
        elif name in _SHARED and not (control and packed):
            shared += png_chunks.chunk(name, content)
        elif name == b"IDAT" and control:
            packed.append(content)
        elif name == b"fdAT":
            packed.append(content[4:])


def _chunks(data: bytes, where: Where) -> Iterator[tuple[bytes, slice]]:
    place = START
    name = b""
    while name != b"IEND":
        if place + 12 > len(data):
            raise truncated(where)
        length, name = struct.unpack_from(">I4s", data, place)
        content = slice(place + 8, place + 8 + length)
        place += 12 + length
        if place > len(data):
            raise truncated(where)
        is_undamaged_chunk(name, data[content], data[content.stop : place], where)
        yield name, content


def _made_frame(
    ihdr: bytes, shared: bytes, control: bytes, packed: list[bytes], where: Where
) -> PngFrame:
    if len(control) != 26 or len(ihdr) != 13 or not packed:
        raise damaged(where, "a picture of its animation is missing")
    _, width, height, left, top, numerator, denominator, disposal, blending = struct.unpack(
        ">IIIIIHHBB", control
    )
    screen_width, screen_height = struct.unpack_from(">II", ihdr)
    is_inside = left + width <= screen_width and top + height <= screen_height
    if not (width and height and is_inside and disposal < len(_DISPOSALS) and blending < 2):
        raise damaged(where, "a picture of its animation makes no sense")
    content = (
        png_chunks.SIGNATURE
        + png_chunks.chunk(b"IHDR", control[4:12] + ihdr[8:])
        + shared
        + b"".join(png_chunks.chunk(b"IDAT", it) for it in packed)
        + png_chunks.chunk(b"IEND", b"")
    )
    return PngFrame(
        top,
        left,
        height,
        width,
        1000 * numerator / (denominator or _DEFAULT_PARTS_OF_A_SECOND),
        _DISPOSALS[disposal],
        blending == 1,
        content,
    )
