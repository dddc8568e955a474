"""Metadata of TIFF files: as fields of their own, and as EXIF data for other formats."""

from __future__ import annotations

import io
from typing import BinaryIO

import attrs

from srcore.images.metadata import Metadata
from srcore.images.tiff.directory import (
    BYTE,
    RATIONAL,
    SHORT,
    UNDEFINED,
    BadDirectoryError,
    Directory,
    TiffStart,
    Value,
    read_directory,
    read_start,
    value_of,
    write_directories,
)

_X_RESOLUTION, _Y_RESOLUTION, _UNIT = 282, 283, 296
_PROFILE = 34675
#: Description, make, model, software, date, artist, copyright.
_DESCRIPTIVE = (270, 271, 272, 305, 306, 315, 33432)
_LAST_KIND = 13
_EXIF, _GPS = 34665, 34853
_OTHERS = {700: "XMP", 33723: "IPTC", 34377: "IPTC", 37724: "layers"}


def metadata_of(file: BinaryIO, start: TiffStart, fields: Directory) -> Metadata:
    """What the directory of a picture says besides its pixels."""
    profile = fields.get(_PROFILE)
    return Metadata(
        icc_profile=profile.content if profile and profile.kind in (BYTE, UNDEFINED) else None,
        exif=_exif(file, start, fields),
        dpi=_dpi(start.order, fields),
        others=tuple(dict.fromkeys(name for tag, name in _OTHERS.items() if tag in fields)),
    )


@attrs.frozen
class MetadataFields:
    """Metadata as fields of a TIFF file: byte order, fields, and directories below them."""

    order: str
    fields: dict[int, Value]
    below: dict[int, Directory]


def fields_of(metadata: Metadata) -> MetadataFields:
    """Profile, resolution and EXIF data for a TIFF file, whose byte order is that of the EXIF."""
    order, fields, below = "<", dict[int, Value](), dict[int, Directory]()
    if metadata.exif is not None:
        file = io.BytesIO(metadata.exif)
        try:
            start = read_start(file)
            order = start.order
            directory, _ = read_directory(file, start, start.first)
            fields.update({tag: directory[tag] for tag in _DESCRIPTIVE if tag in directory})
            below = _directories_below(file, start, directory)
        except BadDirectoryError:
            pass  # damaged EXIF data; the picture is none the worse
    if metadata.icc_profile is not None:
        fields[_PROFILE] = Value(UNDEFINED, len(metadata.icc_profile), metadata.icc_profile)
    if metadata.dpi is not None:
        for tag, dots in zip((_X_RESOLUTION, _Y_RESOLUTION), metadata.dpi, strict=True):
            fields[tag] = value_of(order, RATIONAL, round(dots * 1000), 1000)
        fields[_UNIT] = value_of(order, SHORT, 2)
    return MetadataFields(order, fields, below)


def _directories_below(file: BinaryIO, start: TiffStart, fields: Directory) -> dict[int, Directory]:
    below = {}
    for tag in (_EXIF, _GPS):
        pointer = fields[tag].integers(start.order) if tag in fields else ()
        if pointer:
            try:
                below[tag], _ = read_directory(file, start, pointer[0])
            except BadDirectoryError:
                continue
    return {tag: directory for tag, directory in below.items() if directory}


def _exif(file: BinaryIO, start: TiffStart, fields: Directory) -> bytes | None:
    """What EXIF data would say of it; None if that is nothing."""
    own = {tag: fields[tag] for tag in _DESCRIPTIVE if tag in fields}
    # BigTIFF has types of 64 bits, which EXIF data have not.
    below = {
        tag: {inner: value for inner, value in directory.items() if value.kind <= _LAST_KIND}
        for tag, directory in _directories_below(file, start, fields).items()
    }
    if not own and not below:
        return None
    head = b"II*\0\x08\0\0\0" if start.order == "<" else b"MM\0*\0\0\0\x08"
    return head + write_directories(start.order, own, below, 8)


def _dpi(order: str, fields: Directory) -> tuple[float, float] | None:
    sides = [
        fields[tag].rational(order) if tag in fields else None
        for tag in (_X_RESOLUTION, _Y_RESOLUTION)
    ]
    unit = fields[_UNIT].integers(order) if _UNIT in fields else (2,)
    if sides[0] is None or sides[1] is None or unit not in ((2,), (3,)):
        return None
    factor = 2.54 if unit == (3,) else 1.0
    return sides[0] * factor, sides[1] * factor
