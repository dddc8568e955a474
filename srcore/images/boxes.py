"""Boxes of AVIF files (ISO/IEC 14496-12 and 23008-12): what is said of the primary picture."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import BinaryIO

#: Larger ones hold pictures, not what is said of them.
_LARGEST_META = 2**24


def primary_properties(file: BinaryIO) -> Mapping[bytes, bytes]:
    """Properties of the primary picture by name, with the coder's of what it is made of.

    None where a file has no such boxes, or damaged ones.
    """
    try:
        meta = dict(_boxes(io.BytesIO(_meta(file)), 4))
        properties = dict(_boxes(io.BytesIO(meta[b"iprp"])))
        every = list(_boxes(io.BytesIO(properties[b"ipco"])))
        of_items = {
            item: dict(every[index - 1] for index in indices if index)
            for item, indices in _associations(properties[b"ipma"])
        }
        primary = _unsigned(meta[b"pitm"], 4, 2 + 2 * (meta[b"pitm"][0] > 0))
        own = of_items.get(primary, {})
        for part in _grid_items(meta.get(b"iref", b""), primary):
            own = {b"av1C": of_items.get(part, {}).get(b"av1C", b"")} | own
        return own
    except (KeyError, IndexError, struct.error):
        return {}


def crop_of(clap: bytes, height: int, width: int) -> tuple[int, int, int, int] | None:
    """Top, left, height and width of the visible part of stored rows; None if they are no pixels.

    Its middle is given from the middle of the picture (23008-12, section 6.5.9).
    """
    if len(clap) < 32:
        return None
    numbers = struct.unpack(">IIIIiIiI", clap[:32])
    if not all(numbers[1::2]):
        return None
    columns, rows, right, down = (Fraction(*numbers[it : it + 2]) for it in range(0, 8, 2))
    left, top = right + (width - columns) / 2, down + (height - rows) / 2
    if any(it.denominator != 1 for it in (left, top, columns, rows)):
        return None
    is_inside = left >= 0 and top >= 0 and left + columns <= width and top + rows <= height
    return (int(top), int(left), int(rows), int(columns)) if is_inside and columns * rows else None


def _meta(file: BinaryIO) -> bytes:
    file.seek(0)
    for name, content in _boxes(file, wanted=b"meta"):
        if name == b"meta":
            return content
    raise KeyError("meta")


def _boxes(file: BinaryIO, place: int = 0, wanted: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
    """Name and content, the latter only of the wanted ones if some are."""
    end = file.seek(0, 2)
    while place + 8 <= end:
        file.seek(place)
        start = file.read(16)
        size, name = struct.unpack_from(">I4s", start)
        head = 8
        if size == 1:
            size, head = struct.unpack_from(">Q", start, 8)[0], 16
        elif size == 0:
            size = end - place
        if not head <= size <= end - place:  # it leads back, or out of the file
            return
        if not wanted or (name == wanted and size <= _LARGEST_META):
            file.seek(place + head)
            yield name, file.read(size - head)
        place += size


def _associations(ipma: bytes) -> Iterator[tuple[int, list[int]]]:
    """Items and the numbers of their properties, from 1 on."""
    long_items, long_numbers = ipma[0] > 0, ipma[3] & 1
    place = 8
    for _ in range(_unsigned(ipma, 4, 4)):
        item = _unsigned(ipma, place, 4 if long_items else 2)
        place += 4 if long_items else 2
        count, size = ipma[place], 2 if long_numbers else 1
        places = range(place + 1, place + 1 + count * size, size)
        # The highest bit says that a reader has to understand the property.
        yield (
            item,
            [_unsigned(ipma, it, size) & (0x7FFF if long_numbers else 0x7F) for it in places],
        )
        place += 1 + count * size


def _grid_items(iref: bytes, item: int) -> list[int]:
    """The items of which one is made."""
    size = 2 + 2 * (iref[:1] > b"\0")
    for name, content in _boxes(io.BytesIO(iref), 4):
        if name == b"dimg" and _unsigned(content, 0, size) == item:
            count = _unsigned(content, size, 2)
            return [_unsigned(content, size + 2 + size * it, size) for it in range(count)]
    return []


def _unsigned(content: bytes, place: int, size: int) -> int:
    return int(struct.unpack_from({1: ">B", 2: ">H", 4: ">I"}[size], content, place)[0])
