"""EXIF data by the byte: a little TIFF directory (EXIF 3.0, section 4.6).

Values are changed in place, so that everything else, makers' notes with their absolute offsets
too, stays as the camera wrote it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import attrs

_ORIENTATION = 0x0112
_EXIF_DIRECTORY = 0x8769
_WIDTH, _HEIGHT = 0xA002, 0xA003
_RESOLUTIONS, _RESOLUTION_UNIT = (0x011A, 0x011B), 0x0128
_INTEGERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i"}
_RATIONAL = 5
_PREFIX = b"Exif\0\0"


@attrs.frozen
class _ExifEntry:
    tag: int
    kind: int
    count: int
    place: int  # of the four bytes that hold the value or its offset


def without_exif_word(exif: bytes | None) -> bytes | None:
    """EXIF data without the word Exif that JPEG puts before it; None if nothing is left."""
    if exif is None:
        return None
    return exif.removeprefix(_PREFIX) or None


def orientation(exif: bytes | None) -> int:
    """1 (upright) to 8; whatever is no such integer means 1."""
    value = _integer(exif, _ORIENTATION) if exif else None
    return value if value is not None and 1 <= value <= 8 else 1


def resolution(exif: bytes | None) -> tuple[float, float] | None:
    """Pixels per inch, horizontally and vertically."""
    if not exif:
        return None
    order, entries = _directory(exif)
    by_tag = {entry.tag: entry for entry in entries}
    sides = [_rational(exif, order, by_tag.get(tag)) for tag in _RESOLUTIONS]
    unit = _integer(exif, _RESOLUTION_UNIT)
    if sides[0] is None or sides[1] is None or unit == 1:
        return None
    factor = 2.54 if unit == 3 else 1.0
    return sides[0] * factor, sides[1] * factor


def upright_exif(exif: bytes, height: int, width: int) -> bytes:
    """The data for pixels that were turned upright and have another size now.

    The thumbnail is taken out of the directory: it shows the picture as it was.
    """
    changed = bytearray(exif)
    order, entries = _directory(exif)
    for entry in entries:
        if entry.tag == _ORIENTATION:
            _set(changed, order, entry, 1)
        if entry.tag == _EXIF_DIRECTORY and entry.kind in _INTEGERS and entry.count == 1:
            for inner in _exif_entries(exif, order, _value(exif, order, entry)):
                if inner.tag in (_WIDTH, _HEIGHT):
                    _set(changed, order, inner, width if inner.tag == _WIDTH else height)
    if entries:
        after = entries[0].place - 8 + 12 * len(entries)
        changed[after : after + 4] = bytes(len(changed[after : after + 4]))
    return bytes(changed)


def _directory(exif: bytes) -> tuple[str, list[_ExifEntry]]:
    order = {b"II": "<", b"MM": ">"}.get(exif[:2], "")
    if not order or len(exif) < 8:
        return "<", []
    return order, list(_exif_entries(exif, order, struct.unpack_from(f"{order}I", exif, 4)[0]))


def _exif_entries(exif: bytes, order: str, start: int) -> Iterator[_ExifEntry]:
    if not 8 <= start <= len(exif) - 2:
        return
    (count,) = struct.unpack_from(f"{order}H", exif, start)
    for place in range(start + 2, min(start + 2 + 12 * count, len(exif) - 11), 12):
        tag, kind, number = struct.unpack_from(f"{order}HHI", exif, place)
        yield _ExifEntry(tag, kind, number, place + 8)


def _integer(exif: bytes, tag: int) -> int | None:
    order, entries = _directory(exif)
    for entry in entries:
        if entry.tag == tag and entry.kind in _INTEGERS and entry.count == 1:
            return _value(exif, order, entry)
    return None


def _value(exif: bytes, order: str, entry: _ExifEntry) -> int:
    return int(struct.unpack_from(order + _INTEGERS[entry.kind], exif, entry.place)[0])


def _rational(exif: bytes, order: str, entry: _ExifEntry | None) -> float | None:
    if entry is None or entry.kind != _RATIONAL:
        return None
    (place,) = struct.unpack_from(f"{order}I", exif, entry.place)
    if place > len(exif) - 8:
        return None
    above, below = struct.unpack_from(f"{order}II", exif, place)
    return above / below if above and below else None


def _set(changed: bytearray, order: str, entry: _ExifEntry, value: int) -> None:
    letter = _INTEGERS.get(entry.kind)
    if letter and entry.count == 1 and value < 2 ** (8 * struct.calcsize(letter) - 1):
        struct.pack_into(order + letter, changed, entry.place, value)
