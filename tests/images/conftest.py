"""What is asked of every image file."""

import numpy as np
import pytest

from srcore.data.cropping import Window
from srcore.images import decode_header, decode_image, decode_window, to_rgb


@pytest.fixture(scope="session")
def agrees():
    """A function that asks whether header, pixels and a part of them are the expected ones."""

    def check(content, expected, what):
        what = str(what)
        header = decode_header(content, what)
        assert (header.shape, header.dtype) == (expected.shape, expected.dtype), what
        image = decode_image(content, what)
        assert (image.shape, image.dtype) == (expected.shape, expected.dtype), what
        np.testing.assert_array_equal(image, expected, err_msg=what)
        height, width = image.shape[:2]
        window = Window(height // 3, width // 4, height - height // 2, width - width // 2)
        part = decode_window(content, window, what)
        np.testing.assert_array_equal(part, window.cut(to_rgb(expected)), err_msg=what)

    return check
