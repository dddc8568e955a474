import io
import struct

import numpy as np
import pytest
from PIL import Image

from srcore.errors import DataError
from srcore.images import (
    Picture,
    decode_header,
    decode_image,
    encode_image,
    encode_series,
    read_series,
)


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
    assert decode_header(content, "x").frame_count == count
    agrees(content, palette[indices], count)


def test_the_transparent_color_is_invisible(stored):
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


def colorful(colors, channels=3, seed=0, size=(20, 30)):
    """A picture of so many colors, some pixels of which are invisible."""
    generator = np.random.default_rng(seed)
    table = generator.integers(0, 256, (colors, channels)).astype(np.uint8)
    if channels == 4:
        table[:, 3] = generator.choice([0, 255], colors)
        table[:2, 3] = 0, 255
    return table[generator.integers(0, colors, size)]


def seen(image):
    """What a viewer sees: colors of invisible pixels mean nothing."""
    if image.shape[-1] == 4:
        return np.where(image[..., 3:] > 0, image, 0)
    return image


@pytest.mark.parametrize(("channels", "colors"), [(1, 256), (3, 2), (3, 256), (4, 255)])
def test_pictures_of_few_colors_are_written_exactly(channels, colors):
    image = colorful(colors, channels)
    expected = np.repeat(image, 3, axis=-1) if channels == 1 else seen(image)
    decoded = decode_image(encode_image(image, ".gif"), "x")
    np.testing.assert_array_equal(seen(decoded), expected)


def test_other_pictures_get_a_palette():
    rows, columns = np.mgrid[:64, :64]
    image = np.stack([4 * rows, 4 * columns, 2 * (rows + columns)], axis=-1).astype(np.uint8)
    decoded = decode_image(encode_image(image, ".gif"), "x")
    assert len(np.unique(decoded.reshape(-1, 3), axis=0)) <= 256
    assert abs(decoded.astype(int) - image).mean() < 12
    assert len(np.unique(decoded.reshape(-1, 3), axis=0)) > 128


def test_half_transparent_pixels_are_seen_or_not():
    image = np.full((2, 4, 4), 90, np.uint8)
    image[..., 3] = [0, 127, 128, 255]
    decoded = decode_image(encode_image(image, ".gif"), "x")
    assert decoded[..., 3].tolist() == [[0, 0, 255, 255]] * 2
    assert (decoded[:, 2:, :3] == 90).all()


@pytest.mark.parametrize("plays", [0, 1, 5])
@pytest.mark.parametrize("channels", [3, 4])
def test_animations_keep_pictures_times_and_plays(tmp_path, plays, channels):
    images = [colorful(200, channels, seed) for seed in range(3)]
    images.append(images[-1].copy())
    images[-1][2:4, 5:9] = images[-1][0, 0]
    times = [40.0, 90.0, 140.0, 200.0]
    pictures = [Picture(*pair) for pair in zip(images, times, strict=True)]
    path = tmp_path / "a.gif"
    path.write_bytes(encode_series(pictures, ".gif", plays=plays))
    series = read_series(path)
    assert (series.kind, series.count, series.plays) == ("animation", 4, plays)
    for picture, expected in zip(series.pictures, pictures, strict=True):
        assert picture.milliseconds == expected.milliseconds
        np.testing.assert_array_equal(seen(picture.image)[..., :channels], seen(expected.image))
