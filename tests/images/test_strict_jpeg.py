"""JPEG that is refused where libjpeg only warns."""

import cv2
import numpy as np
import pytest

from srcore.errors import DataError
from srcore.images import strict_jpeg

pytest.importorskip("simplejpeg")

IMAGE = cv2.GaussianBlur(
    np.random.default_rng(0).integers(0, 256, (64, 48, 3), np.uint8), (9, 9), 3
)


def content_of(image):
    return bytearray(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes())


@pytest.mark.parametrize("channels", [1, 3])
def test_pixels_are_those_of_libjpeg(channels):
    content = bytes(content_of(IMAGE if channels == 3 else IMAGE[..., 0]))
    expected = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    expected = expected[..., ::-1] if channels == 3 else expected[..., None]
    made = strict_jpeg.decode(content, channels, "x")
    assert np.abs(made.astype(int) - expected).max() <= 2


def test_bytes_before_the_end_marker_do_no_harm():
    content = content_of(IMAGE)
    made = strict_jpeg.decode(bytes(content[:-2] + bytes(5) + content[-2:]), 3, "x")
    np.testing.assert_array_equal(made, strict_jpeg.decode(bytes(content), 3, "x"))


def test_damaged_picture_data_are_refused():
    content = content_of(IMAGE)
    middle = len(content) - 200
    content[middle : middle + 40] = b"\xff\xd0" * 20  # markers where none belong
    with pytest.raises(DataError, match=r"^x: the image is damaged"):
        strict_jpeg.decode(bytes(content), 3, "x")
    with pytest.raises(DataError, match=r"^x: the image is damaged"):
        strict_jpeg.decode(bytes(content[:300]), 3, "x")


def test_an_odd_header_is_no_damage():
    content = content_of(IMAGE)
    at = content.index(b"JFIF\0") + 5
    content[at] = 9  # a revision of JFIF that there is not
    assert strict_jpeg.decode(bytes(content), 3, "x") is None
