"""EXIF data by the byte, made here by hand: both orders of bytes, and data that lies."""

import struct

import pytest

from srcore.images.exif import orientation, resolution, upright_exif, without_exif_word

ORIENTATION, X_RESOLUTION, Y_RESOLUTION, UNIT = 0x0112, 0x011A, 0x011B, 0x0128
SHORT, RATIONAL = 3, 5


def made(order, entries, after=b"", following=0):
    """A directory of (tag, kind, value); a value of four bytes is written as it is."""
    content = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(f"{order}I", 8)
    content += struct.pack(f"{order}H", len(entries))
    for tag, kind, value in entries:
        held = struct.pack(f"{order}HH", value, 0) if kind == SHORT else value
        content += struct.pack(f"{order}HHI", tag, kind, 1) + held
    return content + struct.pack(f"{order}I", following) + after


@pytest.mark.parametrize("order", "<>")
def test_orientation_is_read_in_both_orders(order):
    assert [orientation(made(order, [(ORIENTATION, SHORT, it)])) for it in (1, 6, 8)] == [1, 6, 8]


@pytest.mark.parametrize("exif", [None, b"", b"II", b"nothing at all", made("<", [])])
def test_what_says_nothing_is_upright(exif):
    assert orientation(exif) == 1
    assert resolution(exif) is None


def test_what_is_no_orientation_is_upright():
    assert orientation(made("<", [(ORIENTATION, SHORT, 9)])) == 1
    assert orientation(made("<", [(ORIENTATION, SHORT, 6)])[:15]) == 1


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(("unit", "expected"), [(2, (300, 150)), (3, (762, 381)), (1, None)])
def test_resolution_is_per_inch(order, unit, expected):
    place = 8 + 2 + 3 * 12 + 4
    entries = [
        (X_RESOLUTION, RATIONAL, struct.pack(f"{order}I", place)),
        (Y_RESOLUTION, RATIONAL, struct.pack(f"{order}I", place + 8)),
        (UNIT, SHORT, unit),
    ]
    per_inch = resolution(made(order, entries, struct.pack(f"{order}4I", 300, 1, 300, 2)))
    assert per_inch == (None if expected is None else pytest.approx(expected))


def test_turned_pixels_are_upright_and_without_a_thumbnail():
    exif = made(">", [(ORIENTATION, SHORT, 6)], b"maker", following=26)
    upright = upright_exif(exif, 30, 40)
    assert orientation(upright) == 1
    assert upright == made(">", [(ORIENTATION, SHORT, 1)], b"maker")


def test_the_word_of_jpeg_is_left_out():
    assert without_exif_word(b"Exif\0\0II") == b"II"
    assert without_exif_word(b"II") == b"II"
    assert without_exif_word(b"Exif\0\0") is without_exif_word(None) is None
