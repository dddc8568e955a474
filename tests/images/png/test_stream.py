import io

import numpy as np
import pytest
from PIL import Image

from srcore.images import Metadata, PngStream, decode_image


def _encode(image, rows, metadata=None):
    buffer = io.BytesIO()
    with PngStream(buffer, image.shape, image.dtype, metadata) as stream:
        for start in range(0, len(image), rows):
            stream.write(image[start : start + rows])
    return buffer.getvalue()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize(("size", "rows"), [((1, 1), 1), ((37, 23), 5), ((64, 3), 64)])
def test_readers_find_the_pixels_again(channels, dtype, size, rows):
    generator = np.random.default_rng(0)
    image = generator.integers(0, np.iinfo(dtype).max, (*size, channels), dtype, endpoint=True)
    np.testing.assert_array_equal(decode_image(_encode(image, rows), "stream"), image)


def test_photographs_become_smaller_than_their_pixels():
    ramp = np.linspace(0, 255, 200 * 100).reshape(100, 200, 1).astype(np.uint8)
    assert len(_encode(np.repeat(ramp, 3, axis=2), 10)) < ramp.size / 10


def test_the_color_profile_is_embedded():
    content = _encode(np.zeros((2, 2, 3), np.uint8), 1, Metadata(icc_profile=b"a profile"))
    with Image.open(io.BytesIO(content)) as opened:
        assert opened.info["icc_profile"] == b"a profile"
