"""Pictures of an animated PNG, as they are stored."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from srcore.errors import DataError
from srcore.images.png.chunks import SIGNATURE, chunk
from srcore.images.png.frames import frames_of


def animation(*pictures):
    buffer = io.BytesIO()
    first, *others = (Image.fromarray(it) for it in pictures)
    first.save(buffer, "PNG", save_all=True, append_images=others, duration=[40, 250, 80])
    return buffer.getvalue()


PICTURES = np.random.default_rng(0).integers(0, 256, (3, 6, 8, 3), np.uint8)
CONTENT = animation(*PICTURES)


def changed(content, name, change):
    """The content with the first chunk of a name changed, its checksum right."""
    at = content.index(name) - 4
    (length,) = struct.unpack_from(">I", content, at)
    data = bytearray(content[at + 8 : at + 8 + length])
    change(data)
    return content[:at] + chunk(name, bytes(data)) + content[at + 12 + length :]


def test_each_is_a_file_of_its_own_with_its_time():
    frames = list(frames_of(CONTENT, "x"))
    assert [it.milliseconds for it in frames] == [40.0, 250.0, 80.0]
    for frame, picture in zip(frames, PICTURES, strict=True):
        alone = np.asarray(Image.open(io.BytesIO(frame.content)).convert("RGB"))
        place = (
            slice(frame.top, frame.top + frame.height),
            slice(frame.left, frame.left + frame.width),
        )
        np.testing.assert_array_equal(alone, picture[place])


def test_a_picture_for_programs_without_animations_is_left_out():
    still = io.BytesIO()
    Image.fromarray(PICTURES[0]).save(still, "PNG")
    assert list(frames_of(still.getvalue(), "x")) == []


def test_time_in_parts_of_nothing_is_in_hundredths():
    def without_denominator(data):
        data[20:24] = struct.pack(">HH", 7, 0)

    assert next(frames_of(changed(CONTENT, b"fcTL", without_denominator), "x")).milliseconds == 70


@pytest.mark.parametrize(
    ("place", "value"),
    [(4, 0), (4, 9), (12, 3), (24, 3), (25, 2)],
    ids=["no width", "too wide", "outside", "disposal", "blending"],
)
def test_one_that_makes_no_sense_is_named(place, value):
    def spoil(data):
        if place < 24:
            data[place : place + 4] = struct.pack(">I", value)
        else:
            data[place] = value

    with pytest.raises(DataError, match=r"^x: .*a picture of its animation makes no sense"):
        list(frames_of(changed(CONTENT, b"fcTL", spoil), "x"))


def test_a_cut_file_and_a_wrong_checksum_are_named():
    with pytest.raises(DataError, match=r"^x: .*truncated"):
        list(frames_of(CONTENT[:-20], "x"))
    at = CONTENT.index(b"fdAT") + 20
    with pytest.raises(DataError, match=r"^x: the image is damaged"):
        list(frames_of(CONTENT[:at] + b"\0\1\2\3" + CONTENT[at + 4 :], "x"))


def test_a_picture_without_data_is_missing():
    control = CONTENT[CONTENT.index(b"fcTL") + 4 :][:26]
    header = CONTENT[CONTENT.index(b"IHDR") + 4 :][:13]
    content = SIGNATURE + chunk(b"IHDR", header) + chunk(b"fcTL", control) + chunk(b"IEND", b"")
    with pytest.raises(DataError, match=r"^x: .*a picture of its animation is missing"):
        list(frames_of(content, "x"))
