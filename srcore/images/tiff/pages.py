"""Which directories of a TIFF file are its pages: the full pictures, not copies and masks.

A file may begin with a small copy of its picture, for those who look through folders. The picture
itself is another page then, or a directory below that of the copy, as cameras write it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import attrs

from srcore.images.format import Where, damaged, truncated
from srcore.images.tiff.directory import (
    BadDirectoryError,
    TiffStart,
    Value,
    numbers_of,
    pages,
    read_directory,
    read_start,
)

_SUBFILE, _OLD_SUBFILE, _BELOW = 254, 255, 330
_SMALL, _OLD_SMALL, _MASK = 1, 2, 4
#: Where strips and tiles lie, and their lengths.
_STRIPS_AND_TILES = ((273, 279), (324, 325))
#: What the directory of a copy says of the picture below it: its orientation, camera and colors.
_SHARED = (270, 271, 272, 274, 305, 306, 315, 33432, 34665, 34853, 34675)


@attrs.frozen
class Pages:
    """The first page of a file, and what else is in it.

    Attributes:
        start: of the file.
        first: fields of the page.
        count: of pages; 1 if nobody asked.
        others: what else there is and is never read, by name.
    """

    start: TiffStart
    first: dict[int, Value]
    count: int = 1
    others: tuple[str, ...] = ()


def pages_of(file: BinaryIO, where: Where, *, count: bool = True) -> Pages:
    """The pages; without ``count`` no directory behind the first is read.

    Raises:
        DataError: the file is truncated or damaged.
    """
    with _naming_file(where):
        start = read_start(file)
        full = full_pages(file, start)
        first = next(full, None)
        if first is None:
            raise truncated(where)
        if not count:
            return Pages(start, first)
        number, others = 1, []
        try:
            for _ in full:
                number += 1
            if any(_kind(it, start) & _MASK for it in pages(file, start)):
                others.append("transparency masks")
        except (BadDirectoryError, struct.error):
            others.append("further pages, which are damaged")
        return Pages(start, first, number, tuple(others))


def every_page(file: BinaryIO, where: Where) -> Iterator[tuple[TiffStart, dict[int, Value]]]:
    """All pages.

    Raises:
        DataError: the file is truncated or damaged, also if a later page is.
    """
    with _naming_file(where):
        start = read_start(file)
        for fields in full_pages(file, start):
            yield start, fields


def refuse_cut(file: BinaryIO, where: Where) -> None:
    """A file with pages that are not whole.

    Raises:
        DataError: the file is truncated or damaged.
    """
    size = file.seek(0, 2)
    for start, fields in every_page(file, where):
        for places, lengths in _STRIPS_AND_TILES:
            numbers = (numbers_of(fields, tag, start.order) for tag in (places, lengths))
            if max(map(sum, zip(*numbers, strict=False)), default=0) > size:
                raise truncated(where)


def full_pages(file: BinaryIO, start: TiffStart) -> Iterator[dict[int, Value]]:
    """Fields of all pages; if all are copies, those of the first.

    Raises:
        BadDirectoryError: a directory is broken.
    """
    copy: dict[int, Value] | None = None
    only_copies = True
    for fields in pages(file, start):
        kind = _kind(fields, start)
        copy = copy if copy is not None else fields
        page = (
            fields if not kind else _picture_below(file, start, fields) if kind == _SMALL else None
        )
        if page is not None:
            only_copies = False
            yield page
    if only_copies and copy is not None:
        yield copy


@contextmanager
def _naming_file(where: Where) -> Iterator[None]:
    try:
        yield
    except (BadDirectoryError, struct.error) as error:
        raise damaged(where, error) from error


def _kind(fields: dict[int, Value], start: TiffStart) -> int:
    """0 a page, or what else by bits."""
    kind = numbers_of(fields, _SUBFILE, start.order, 0)[0] & (_SMALL | _MASK)
    is_small = numbers_of(fields, _OLD_SUBFILE, start.order, 0)[0] == _OLD_SMALL
    return kind | _SMALL * is_small


def _picture_below(
    file: BinaryIO, start: TiffStart, copy: dict[int, Value]
) -> dict[int, Value] | None:
    """The full picture below the directory of its copy; None if there is none."""
    for place in numbers_of(copy, _BELOW, start.order):
        fields, _ = read_directory(file, start, place)
        if not _kind(fields, start):
            return {**{tag: copy[tag] for tag in _SHARED if tag in copy}, **fields}
    return None
