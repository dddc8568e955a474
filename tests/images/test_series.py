import io

import numpy as np
import pytest
import tifffile
from PIL import Image

from srcore.errors import DataError
from srcore.images import (
    Picture,
    encode_series,
    read_header,
    read_image,
    read_series,
    series_suffixes,
)


def _pictures(number=3, channels=3, dtype=np.uint8, size=(17, 23)):
    generator = np.random.default_rng(0)
    largest = np.iinfo(dtype).max
    return [
        Picture(
            generator.integers(0, largest, (*size, channels), dtype, endpoint=True), 40.0 + 30 * i
        )
        for i in range(number)
    ]


def _assert_equal(series, expected):
    assert len(series) == len(expected)
    for one, other in zip(series, expected, strict=True):
        np.testing.assert_array_equal(one.image, other.image)
        assert one.milliseconds == other.milliseconds


@pytest.mark.parametrize(
    ("suffix", "channels"),
    [(".png", 1), (".png", 2), (".png", 3), (".png", 4), (".webp", 3), (".webp", 4)],
)
@pytest.mark.parametrize("plays", [0, 3])
def test_animations_come_back_with_their_times(tmp_path, suffix, channels, plays):
    pictures = _pictures(channels=channels)
    for picture in pictures:  # WebP forgets the colors of what is invisible
        picture.image[..., -1] |= 1
    path = tmp_path / f"a{suffix}"
    path.write_bytes(encode_series(pictures, suffix, plays=plays, quality=100))
    series = read_series(path)
    assert (series.kind, series.count, series.plays) == ("animation", 3, plays)
    _assert_equal(list(series.pictures), pictures)
    np.testing.assert_array_equal(read_image(path), pictures[0].image)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_pages_come_back_whatever_their_sizes(tmp_path, channels, dtype):
    sizes = ((9, 700), (400, 3), (1, 1))
    pages = [Picture(_pictures(1, channels, dtype, size)[0].image) for size in sizes]
    path = tmp_path / "a.tif"
    path.write_bytes(encode_series(pages, ".tif"))
    series = read_series(path)
    assert (series.kind, series.count) == ("pages", 3)
    _assert_equal(list(series.pictures), pages)
    with tifffile.TiffFile(path) as file:
        assert len(file.pages) == 3
        for page, expected in zip(file.pages, pages, strict=True):
            np.testing.assert_array_equal(
                page.asarray().reshape(expected.image.shape), expected.image
            )


@pytest.mark.parametrize("big", [False, True])
def test_pages_of_other_programs_are_read_one_by_one(tmp_path, big):
    path = tmp_path / "a.tif"
    images = [np.random.default_rng(i).integers(0, 256, (8 + i, 5, 3), np.uint8) for i in range(3)]
    with tifffile.TiffWriter(path, bigtiff=big) as writer:
        for image in images:
            writer.write(image, photometric="rgb", metadata=None)
            writer.write(image[::2, ::2], photometric="rgb", subfiletype=1, metadata=None)
    series = read_series(path)
    assert series.count == 3
    _assert_equal(list(series.pictures), [Picture(image) for image in images])


def test_animations_of_gif_are_composed(tmp_path):
    first = Image.new("P", (4, 4), 0)
    first.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    second = first.copy()
    second.putpixel((1, 2), 1)
    buffer = io.BytesIO()
    first.save(buffer, "GIF", save_all=True, append_images=[second], duration=[70, 200], loop=0)
    path = tmp_path / "a.gif"
    path.write_bytes(buffer.getvalue())
    series = read_series(path)
    one, other = series.pictures
    assert (one.milliseconds, other.milliseconds, series.plays) == (70, 200, 0)
    assert one.image[2, 1].tolist() == [255, 0, 0, 255]
    assert other.image[2, 1].tolist() == [0, 255, 0, 255]
    assert other.image[0, 0].tolist() == [255, 0, 0, 255]
    # what is nowhere transparent is written without alpha
    (tmp_path / "b.png").write_bytes(encode_series([one, other], ".png"))
    assert read_header(tmp_path / "b.png").channels == 3


def test_one_picture_is_no_series(tmp_path):
    Image.new("RGB", (3, 3)).save(tmp_path / "a.png")
    assert read_series(tmp_path / "a.png") is None


@pytest.mark.parametrize(
    ("pictures", "suffix", "message"),
    [
        (_pictures(), ".jpg", "holds one picture"),
        (_pictures(dtype=np.uint16), ".png", "8 bits per channel only"),
        ([*_pictures(1), *_pictures(1, size=(3, 3))], ".webp", "of an animation have one size"),
    ],
)
def test_what_a_format_does_not_hold_is_refused(pictures, suffix, message):
    with pytest.raises(DataError, match=message):
        encode_series(pictures, suffix)


def test_formats_know_what_they_hold():
    assert series_suffixes("animation") == [".avif", ".gif", ".png", ".webp"]
    assert series_suffixes("pages") == [".tif"]


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif", ".avif"])
def test_cut_files_are_a_data_error(tmp_path, suffix):
    content = encode_series(_pictures(), suffix)
    path = tmp_path / f"a{suffix}"
    messages = []
    for length in range(10, len(content) - 1, max(1, len(content) // 30)):
        path.write_bytes(content[:length])
        try:
            series = read_series(path)
            if series is not None:
                list(series.pictures)
        except DataError as error:
            messages.append(str(error))
    assert messages
    assert all(message.startswith(f"{path}: ") for message in messages)
