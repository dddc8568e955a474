"""The directories of TIFF files (TIFF 6.0, section 2; BigTIFF), which EXIF data are too."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import BinaryIO

import attrs

#: Type -> bytes of a value.
SIZES = {
    1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4,
    16: 8, 17: 8, 18: 8,
}  # fmt: skip
_LETTERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
_RATIONAL = 5
_LARGEST_VALUE = 2**28
_MANY_PAGES = 2**16

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED = 1, 2, 3, 4, 5, 7


class BadDirectoryError(ValueError):
    """A directory that leads out of the file or in a circle."""


@attrs.frozen
class Value:
    """A field: type, number of values, and their bytes in the order of the file."""

    kind: int
    count: int
    content: bytes

    def integers(self, order: str) -> tuple[int, ...]:
        """The values, if they are integers."""
        letter = _LETTERS.get(self.kind)
        if letter is None:
            return ()
        return struct.unpack(f"{order}{self.count}{letter}", self.content)

    def rational(self, order: str) -> float | None:
        """The first value as a fraction; None if it is none."""
        if self.kind != _RATIONAL or not self.count:
            return None
        above, below = struct.unpack_from(f"{order}II", self.content)
        return above / below if above and below else None


def numbers_of(fields: Mapping[int, Value], tag: int, order: str, *default: int) -> tuple[int, ...]:
    """The integers of a field; what is given instead if it has none."""
    numbers = fields[tag].integers(order) if tag in fields else ()
    return numbers or default


Directory = Mapping[int, Value]


@attrs.frozen
class TiffStart:
    """Byte order (``<`` or ``>``), whether it is BigTIFF, and where the first directory lies."""

    order: str
    is_big: bool
    first: int


def read_start(file: BinaryIO) -> TiffStart:
    """The first bytes of a file.

    Raises:
        BadDirectoryError: they are not those of a TIFF.
    """
    file.seek(0)
    start = file.read(16)
    order = {b"II": "<", b"MM": ">"}.get(start[:2])
    if order is None or len(start) < 8:
        raise BadDirectoryError("no byte order")
    (magic,) = struct.unpack_from(f"{order}H", start, 2)
    if magic == 43 and len(start) == 16:
        return TiffStart(order, True, struct.unpack_from(f"{order}Q", start, 8)[0])
    return TiffStart(order, False, struct.unpack_from(f"{order}I", start, 4)[0])


def read_directory(file: BinaryIO, start: TiffStart, place: int) -> tuple[dict[int, Value], int]:
    """The directory at a place, and the place of the next one (0: none).

    Raises:
        BadDirectoryError: it is not in the file.
    """
    counting, entry, inline = ("Q", "HHQ8s", 8) if start.is_big else ("H", "HHI4s", 4)
    file.seek(place)
    count = _unpack_next(file, start.order + counting)[0]
    if count > 4096:
        raise BadDirectoryError(f"a directory of {count} fields")
    length = struct.calcsize(f"<{entry}")
    table = file.read(length * count)
    if len(table) < length * count:
        raise BadDirectoryError("a directory that is cut off")
    next_place = _unpack_next(file, start.order + ("Q" if start.is_big else "I"), default=0)[0]
    fields: dict[int, Value] = {}
    for offset in range(0, len(table), length):
        tag, kind, number, packed = struct.unpack_from(start.order + entry, table, offset)
        size = SIZES.get(kind, 0) * number
        if not size or tag in fields:
            continue
        if size > inline:
            if size > _LARGEST_VALUE:
                raise BadDirectoryError(f"a field of {size} bytes")
            file.seek(struct.unpack(f"{start.order}{'Q' if start.is_big else 'I'}", packed)[0])
            packed = file.read(size)
            if len(packed) < size:
                raise BadDirectoryError(f"field {tag} lies behind the end of the file")
        fields[tag] = Value(kind, number, packed[:size])
    return fields, next_place


def pages(file: BinaryIO, start: TiffStart) -> Iterator[dict[int, Value]]:
    """All directories of the chain.

    Raises:
        BadDirectoryError: one is broken.
    """
    place, seen = start.first, set[int]()
    while place and place not in seen and len(seen) < _MANY_PAGES:
        fields, following = read_directory(file, start, place)
        seen.add(place)
        yield fields
        place = following


def write_directories(
    order: str, fields: Directory, below: Mapping[int, Directory], place: int
) -> bytes:
    """A directory with directories below it (by the tag that points to them), for a place.

    The values are in this byte order already.
    """
    tags = sorted({*fields, *below})
    end = place + _length(len(tags))
    tail = bytearray()
    pointers = {}
    for tag in sorted(below):
        pointers[tag] = end + len(tail)
        tail += write_directories(order, below[tag], {}, end + len(tail))
    table = bytearray(struct.pack(f"{order}H", len(tags)))
    for tag in tags:
        if tag in below:
            table += struct.pack(f"{order}HHII", tag, LONG, 1, pointers[tag])
            continue
        value = fields[tag]
        if len(value.content) <= 4:
            packed = value.content.ljust(4, b"\0")
        else:
            packed = struct.pack(f"{order}I", end + len(tail))
            tail += value.content + bytes(len(value.content) % 2)
        table += struct.pack(f"{order}HHI4s", tag, value.kind, value.count, packed)
    return bytes(table + bytes(4) + tail)


def _length(count: int) -> int:
    return 2 + 12 * count + 4


def value_of(order: str, kind: int, *numbers: int) -> Value:
    """A field of integers, or of the numerators and denominators of fractions."""
    letter = "I" if kind == RATIONAL else _LETTERS[kind]
    count = len(numbers) // 2 if kind == RATIONAL else len(numbers)
    return Value(kind, count, struct.pack(f"{order}{len(numbers)}{letter}", *numbers))


def _unpack_next(file: BinaryIO, form: str, default: int | None = None) -> tuple[int, ...]:
    content = file.read(struct.calcsize(form))
    if len(content) < struct.calcsize(form):
        if default is not None:
            return (default,)
        raise BadDirectoryError("a directory that lies behind the end of the file")
    return struct.unpack(form, content)
