import io
import struct

import pytest

from srcore.images.boxes import crop_of, primary_properties


def box(name, content):
    return struct.pack(">I4s", len(content) + 8, name) + content


def long_box(name, content, size=None):
    """With its size in 64 bits, which may be a lie."""
    return struct.pack(">I4sQ", 1, name, 16 + len(content) if size is None else size) + content


def meta(properties, primary=1):
    """What is said of a picture that has all of these properties."""
    numbers = bytes(range(1, len(properties) + 1))
    of_items = bytes(4) + struct.pack(">IHB", 1, 1, len(numbers)) + numbers
    held = box(b"ipco", b"".join(properties)) + box(b"ipma", of_items)
    chosen = box(b"pitm", bytes(4) + struct.pack(">H", primary))
    return bytes(4) + chosen + box(b"iprp", held)


FIRST = box(b"ftyp", b"avif")
PROPERTIES = [box(b"irot", b"\1"), box(b"av1C", b"coder")]


@pytest.mark.parametrize("make", [box, long_box])
def test_properties_of_the_primary_picture_are_read(make):
    content = FIRST + make(b"free", b"x") + make(b"meta", meta(PROPERTIES))
    assert primary_properties(io.BytesIO(content)) == {b"irot": b"\1", b"av1C": b"coder"}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        FIRST,
        FIRST + box(b"meta", b""),
        FIRST + box(b"meta", meta(PROPERTIES))[:-9],
        FIRST + box(b"meta", meta(PROPERTIES, primary=2)),
        FIRST + long_box(b"free", b"", size=2**63) + box(b"meta", meta(PROPERTIES)),
        FIRST + long_box(b"meta", meta(PROPERTIES), size=2**64 - 1),
        FIRST + long_box(b"free", b"", size=3),
        FIRST + box(b"meta", meta(PROPERTIES).replace(b"\1\2", b"\x09\x09")),
    ],
)
def test_damaged_boxes_say_nothing(content):
    assert primary_properties(io.BytesIO(content)) == {}


@pytest.mark.parametrize(
    ("clap", "visible"),
    [
        ((20, 1, 10, 1, 0, 1, 0, 1), (10, 10, 10, 20)),
        ((20, 1, 10, 1, -10, 1, 10, 1), (20, 0, 10, 20)),
        ((42, 2, 10, 1, 1, 2, 0, 1), (10, 10, 10, 21)),
        ((21, 1, 10, 1, 0, 1, 0, 1), None),  # half a pixel
        ((20, 1, 10, 1, 11, 1, 0, 1), None),  # beyond the edge
        ((20, 0, 10, 1, 0, 1, 0, 1), None),
        ((0, 1, 10, 1, 0, 1, 0, 1), None),
    ],
)
def test_the_visible_part_is_whole_pixels(clap, visible):
    assert crop_of(struct.pack(">IIIIiIiI", *clap), height=30, width=40) == visible
    assert crop_of(struct.pack(">IIIIiIiI", *clap)[:-1], height=30, width=40) is None
