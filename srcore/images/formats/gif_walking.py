"""Walking the blocks of a GIF (89a): its pictures as they are stored."""

from __future__ import annotations

import struct

import attrs
import numpy as np

from srcore.images.format import ImageArray, Where, damaged, truncated, unsupported

_EXTENSION, _PICTURE, _END = 0x21, 0x2C, 0x3B
_GRAPHIC_CONTROL, _APPLICATION = 0xF9, 0xFF
_LOOPING = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_INTERLACED, _HAS_PALETTE = 0x40, 0x80


@attrs.frozen
class Control:
    """What a block before a picture says of it: number of disposal, time, invisible color."""

    disposal: int = 0
    milliseconds: float = 0.0
    invisible: int | None = None


@attrs.frozen
class StoredPicture:
    """A picture in a file; ``codes`` are its packed pixels, with all that belongs to them."""

    top: int
    left: int
    height: int
    width: int
    palette: ImageArray = attrs.field(repr=False)
    is_interlaced: bool
    control: Control
    codes: slice

    def alone(self, data: bytes) -> bytes:
        """A file with this picture only, the numbers of whose colors are pixels of gray."""
        flags = self.is_interlaced * _INTERLACED
        ramp = bytes(value for value in range(256) for _ in range(3))
        return b"".join(
            (
                struct.pack("<6sHHBBB", b"GIF89a", self.width, self.height, 0xF7, 0, 0),
                ramp,
                struct.pack("<BHHHHB", _PICTURE, 0, 0, self.width, self.height, flags),
                memoryview(data)[self.codes],
                bytes([_END]),
            )
        )


@attrs.frozen
class GifLayout:
    """Size of the screen, how often the pictures are shown (0: for ever), and where they lie."""

    width: int
    height: int
    plays: int
    pictures: tuple[StoredPicture, ...]

    @property
    def has_alpha(self) -> bool:
        """Whether the first picture leaves something invisible."""
        it = self.pictures[0]
        covers = it.top == it.left == 0 and it.height >= self.height and it.width >= self.width
        return not covers or it.control.invisible is not None


def layout_of(data: bytes, where: Where) -> GifLayout:
    """The blocks of a file.

    Raises:
        DataError: the file is truncated or damaged.
    """
    if len(data) < 13:
        raise truncated(where)
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    common, place = _palette(data, 13, flags)
    pictures: list[StoredPicture] = []
    plays, control = 1, Control()
    while place < len(data) and data[place] != _END:
        if data[place] == _EXTENSION:
            content = data[place + 1 : place + 19]
            place = _after_blocks(data, place + 2, where)
            if content[0] == _GRAPHIC_CONTROL and content[1] >= 4:
                control = _control(content[2:6])
            elif content[0] == _APPLICATION and content[2:13] in _LOOPING:
                plays = _repetitions(content[13:], plays)
        elif data[place] == _PICTURE:
            stored = _read_stored(data, place, common, control, where)
            pictures.append(stored)
            place, control = stored.codes.stop, Control()
        else:
            raise damaged(where, f"a block of unknown kind {data[place]:#04x}")
    if not pictures:
        raise truncated(where)
    # A picture beyond the screen makes it larger if it is the first, as in browsers.
    first = pictures[0]
    width, height = max(width, first.left + first.width), max(height, first.top + first.height)
    if not all((width, height, first.width, first.height)):
        raise damaged(where, "its header makes no sense")
    return GifLayout(width, height, plays, tuple(pictures))


def _read_stored(
    data: bytes, place: int, common: ImageArray, control: Control, where: Where
) -> StoredPicture:
    if place + 10 > len(data):
        raise truncated(where)
    left, top, columns, rows, flags = struct.unpack_from("<HHHHB", data, place + 1)
    palette, start = _palette(data, place + 10, flags)
    if not flags & _HAS_PALETTE:
        palette = common
    codes = slice(start, _after_blocks(data, start + 1, where))
    if not len(palette):
        raise unsupported(where, "GIF without a palette")
    return StoredPicture(
        top, left, rows, columns, palette, bool(flags & _INTERLACED), control, codes
    )


def _palette(data: bytes, place: int, flags: int) -> tuple[ImageArray, int]:
    """Colors ``(n, 3)``, none if the flags say so, and the place behind them."""
    end = place + (3 * 2 ** ((flags & 7) + 1) if flags & _HAS_PALETTE else 0)
    stored = np.frombuffer(data[place:end], np.uint8)
    return stored[: len(stored) // 3 * 3].reshape(-1, 3), end


def _control(content: bytes) -> Control:
    flags, hundredths, invisible = struct.unpack("<BHB", content)
    return Control(flags >> 2 & 7, 10.0 * hundredths, invisible if flags & 1 else None)


def _repetitions(content: bytes, default: int) -> int:
    """The file counts repetitions; 0 stands for no end."""
    if len(content) < 4 or content[0] < 3 or content[1] & 7 != 1:
        return default
    repetitions = int.from_bytes(content[2:4], "little")
    return repetitions + 1 if repetitions else 0


def _after_blocks(data: bytes, place: int, where: Where) -> int:
    while True:
        if place >= len(data):
            raise truncated(where)
        if data[place] == 0:
            return place + 1
        place += 1 + data[place]
