"""Directories of TIFF files, written and read again, and those that lie."""

import io
import struct

import pytest

from srcore.images.tiff.directory import (
    ASCII,
    LONG,
    RATIONAL,
    SHORT,
    BadDirectoryError,
    TiffStart,
    Value,
    numbers_of,
    pages,
    read_directory,
    read_start,
    value_of,
    write_directories,
)


def file_of(order, fields, below=None):
    """A file of one directory."""
    mark = b"II" if order == "<" else b"MM"
    head = mark + struct.pack(f"{order}HI", 42, 8)
    return io.BytesIO(head + write_directories(order, fields, below or {}, 8))


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_directory_is_read_as_it_was_written(order):
    fields = {
        256: value_of(order, SHORT, 640),
        258: value_of(order, SHORT, 8, 8, 8),
        270: Value(ASCII, 5, b"text\0"),
        282: value_of(order, RATIONAL, 300, 2),
        34665: value_of(order, LONG, 1, 2, 3),
    }
    file = file_of(order, fields)
    start = read_start(file)
    assert start == TiffStart(order, False, 8)
    assert read_directory(file, start, start.first) == (fields, 0)
    assert fields[258].integers(order) == (8, 8, 8)
    assert fields[282].rational(order) == 150.0


@pytest.mark.parametrize("order", ["<", ">"])
def test_directories_below_are_pointed_to(order):
    inner = {1: value_of(order, SHORT, 7), 2: Value(ASCII, 6, b"behind")}
    file = file_of(order, {256: value_of(order, SHORT, 4)}, {34665: inner})
    start = read_start(file)
    fields, _ = read_directory(file, start, start.first)
    (place,) = fields[34665].integers(order)
    assert read_directory(file, start, place)[0] == inner


def test_numbers_have_a_default_where_the_field_has_none():
    fields = {1: value_of("<", SHORT, 3), 2: Value(ASCII, 1, b"a")}
    assert numbers_of(fields, 1, "<", 9) == (3,)
    assert numbers_of(fields, 2, "<", 9) == (9,)
    assert numbers_of(fields, 3, "<", 9, 8) == (9, 8)


def test_a_fraction_of_nothing_is_none():
    assert value_of("<", RATIONAL, 1, 0).rational("<") is None
    assert value_of("<", SHORT, 1).rational("<") is None
    assert Value(RATIONAL, 0, b"").rational("<") is None


def test_a_chain_that_leads_back_ends():
    directory = struct.pack("<HHHI4sI", 1, 256, SHORT, 1, b"\4\0\0\0", 8)
    file = io.BytesIO(b"II" + struct.pack("<HI", 42, 8) + directory)
    assert len(list(pages(file, read_start(file)))) == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"XX*\0\x08\0\0\0", "no byte order"),
        (b"II", "no byte order"),
        (b"II*\0\xff\0\0\0", "behind the end of the file"),
        (b"II*\0\x08\0\0\0\xff\xff", "a directory of 65535 fields"),
        (b"II*\0\x08\0\0\0\2\0" + bytes(12), "that is cut off"),
        (
            b"II*\0\x08\0\0\0" + struct.pack("<HHHII", 1, 270, ASCII, 9, 99) + bytes(4),
            "field 270 lies behind the end",
        ),
        (
            b"II*\0\x08\0\0\0" + struct.pack("<HHHII", 1, 270, ASCII, 2**30, 8) + bytes(4),
            "a field of 1073741824 bytes",
        ),
    ],
)
def test_what_leads_out_of_the_file_is_refused(content, reason):
    file = io.BytesIO(content)
    with pytest.raises(BadDirectoryError, match=reason):
        list(pages(file, read_start(file)))
