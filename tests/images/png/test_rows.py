"""The first rows of a PNG file, without those below."""

import io

import cv2
import numpy as np
import pytest

from srcore.data.cropping import Window
from srcore.errors import DataError
from srcore.images.png.rows import decode_from_the_top

IMAGE = np.random.default_rng(0).integers(0, 256, (50, 40, 3), np.uint8)


def content_of(image):
    return bytearray(cv2.imencode(".png", image)[1].tobytes())


@pytest.mark.parametrize(
    "window", [(0, 0, 8, 8), (3, 5, 10, 12), (40, 30, 10, 10), (0, 0, 50, 40)], ids=str
)
def test_a_part_is_that_of_the_whole(window):
    top, left, height, width = window
    expected = IMAGE[top : top + height, left : left + width, ::-1]
    place = Window(top=top, left=left, height=height, width=width)
    made = decode_from_the_top(io.BytesIO(content_of(IMAGE)), place, "x")
    np.testing.assert_array_equal(made, expected)


def test_gray_has_an_axis_of_channels():
    made = decode_from_the_top(
        io.BytesIO(content_of(IMAGE[..., 0])), Window(top=1, left=2, height=3, width=4), "x"
    )
    np.testing.assert_array_equal(made, IMAGE[1:4, 2:6, :1])


def test_damage_in_rows_that_are_read_and_a_missing_end_are_named():
    window = Window(top=0, left=0, height=4, width=4)
    content = content_of(IMAGE)
    checksum = content.index(b"IEND") - 8  # of the picture data
    content[checksum] ^= 1
    with pytest.raises(DataError, match=r"^x: .*wrong checksum of a chunk IDAT"):
        decode_from_the_top(io.BytesIO(content), window, "x")
    for kept in (-12, -300):
        with pytest.raises(DataError, match=r"^x: .*truncated"):
            decode_from_the_top(io.BytesIO(content_of(IMAGE)[:kept]), window, "x")
