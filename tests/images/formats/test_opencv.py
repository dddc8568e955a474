"""OpenCV as we use it."""

import cv2
import numpy as np
import pytest

from srcore.errors import DataError
from srcore.images.formats.opencv import by_opencv, swapped


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [3, 4])
def test_colors_change_places_in_place(channels, dtype):
    image = np.random.default_rng(0).integers(0, 256, (300, 200, channels)).astype(dtype)
    expected = image[..., [2, 1, 0, 3][:channels]].copy()
    made = swapped(image)
    assert made is image
    np.testing.assert_array_equal(made, expected)
    np.testing.assert_array_equal(swapped(made)[..., 0], expected[..., 2])


def test_what_is_decoded_has_opencvs_order_of_colors():
    image = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    _, content = cv2.imencode(".png", image)
    np.testing.assert_array_equal(by_opencv(content, "x"), image)
    np.testing.assert_array_equal(by_opencv(content.tobytes(), "x"), image)


@pytest.mark.parametrize("content", [b"", b"no image"])
def test_what_cannot_be_decoded_is_named(content, capfd):
    with pytest.raises(DataError, match=r"^x: the image is damaged"):
        by_opencv(content, "x")
