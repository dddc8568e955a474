import io
import struct

import numpy as np
import pytest
from PIL import Image

from srcore.errors import DataError
from srcore.images import decode_header, decode_image


def gif(palette, indices, *, screen=None, place=(0, 0), transparent=None, count=1):
    """A file of equal pictures; codes are clear, pixel, clear, pixel: nothing is compressed."""
    height, width = indices.shape
    rows, columns = screen or indices.shape
    content = b"GIF89a" + struct.pack("<HHBBB", columns, rows, 0x87, 0, 0) + palette.tobytes()
    for _ in range(count):
        flags = 0 if transparent is None else 1
        content += b"\x21\xf9\4" + struct.pack("<BHBB", flags, 10, transparent or 0, 0)
        content += b"\x2c" + struct.pack("<HHHHB", place[1], place[0], width, height, 0) + b"\x08"
        bits = "".join(f"{it:09b}"[::-1] for value in indices.ravel() for it in (256, int(value)))
        bits += f"{257:09b}"[::-1]
        data = bytes(int(bits[i : i + 8][::-1], 2) for i in range(0, len(bits), 8))
        for start in range(0, len(data), 255):
            content += bytes([len(data[start : start + 255])]) + data[start : start + 255]
        content += b"\0"
    return content + b"\x3b"


@pytest.fixture
def stored():
    generator = np.random.default_rng(0)
    palette = generator.integers(0, 256, (256, 3)).astype(np.uint8)
    return palette, generator.integers(0, 256, (9, 13))


@pytest.mark.parametrize("gray", [False, True])
@pytest.mark.parametrize("count", [1, 3])
def test_the_first_picture_is_what_was_stored(agrees, stored, count, gray):
    palette, indices = stored
    palette = np.repeat(palette[:, :1], 3, axis=1) if gray else palette
    content = gif(palette, indices, count=count)
    assert decode_header(content, "x").frames == count
    agrees(content, palette[indices], count)


def test_the_transparent_colour_is_invisible(stored):
    palette, indices = stored
    key = int(indices[0, 0])
    image = decode_image(gif(palette, indices, transparent=key), "x")
    np.testing.assert_array_equal(image[..., 3], np.where(indices == key, 0, 255))
    seen = indices != key
    np.testing.assert_array_equal(image[seen, :3], palette[indices][seen])


def test_what_no_picture_covers_is_invisible(stored):
    palette, indices = stored
    content = gif(palette, indices, screen=(20, 30), place=(3, 5))
    image = decode_image(content, "x")
    expected = np.zeros((20, 30, 4), np.uint8)
    expected[3:12, 5:18] = np.concatenate([palette[indices], np.full((9, 13, 1), 255)], axis=-1)
    np.testing.assert_array_equal(image, expected)
    assert decode_header(content, "x").shape == (20, 30, 4)


@pytest.mark.parametrize("kept", [10, 400, 0.9])
def test_a_cut_file_is_named(stored, kept):
    content = gif(*stored)
    with pytest.raises(DataError, match=r"^x: .*truncated"):
        decode_image(content[: kept if kept > 1 else int(len(content) * kept)], "x")


def test_files_of_pillow_are_read(agrees):
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8))
    buffer = io.BytesIO()
    picture.quantize(64).save(buffer, "GIF")
    with Image.open(buffer) as image:
        agrees(buffer.getvalue(), np.array(image.convert("RGB")), "Pillow")
