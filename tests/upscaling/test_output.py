import numpy as np
import pytest
from PIL import ImageCms

from srcore.errors import DataError
from srcore.images import Metadata, read_header, read_image
from srcore.upscaling import output
from srcore.upscaling.output import check_writable, write_bands

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _write(path, image, **options):
    bands = iter(np.array_split(image, 3))
    write_bands(path, bands, image.shape, image.dtype, **options)


def _image(channels=3, dtype=np.uint8):
    generator = np.random.default_rng(0)
    return generator.integers(0, np.iinfo(dtype).max, (19, 23, channels), dtype)


@pytest.mark.parametrize(
    ("name", "options"), [("a.png", {}), ("a.tif", {}), ("a.webp", {"lossless": True})]
)
@pytest.mark.parametrize("in_memory", [True, False])
def test_lossless_formats_hold_the_bands(tmp_path, monkeypatch, name, options, in_memory):
    monkeypatch.setattr(output, "_CANVAS_IN_MEMORY", 2**28 if in_memory else 0)
    _write(tmp_path / name, _image(), options=options)
    np.testing.assert_array_equal(read_image(tmp_path / name), _image())
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.tif"])
def test_the_color_profile_is_kept(tmp_path, name):
    _write(tmp_path / name, _image(), metadata=Metadata(icc_profile=SRGB))
    assert read_header(tmp_path / name).icc_profile == SRGB


def test_a_profile_of_other_colors_is_left_out(tmp_path):
    cmyk = SRGB[:16] + b"CMYK" + SRGB[20:]
    _write(tmp_path / "a.png", _image(), metadata=Metadata(icc_profile=cmyk))
    assert read_header(tmp_path / "a.png").icc_profile is None


def test_after_a_failure_there_is_no_file(tmp_path):
    def bands():
        yield _image()[:5]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_bands(tmp_path / "a.png", bands(), (19, 23, 3), np.dtype(np.uint8))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"file/a.png: cannot be written: "):
        _write(tmp_path / "file" / "a.png", _image())


@pytest.mark.parametrize(
    ("name", "image", "size", "message"),
    [
        ("a.jpg", _image(4), (1, 1), "cannot hold rgb_alpha"),
        ("a.jpg", _image(3, np.uint16), (1, 1), "8 bits per channel only"),
        ("a.webp", _image(), (10, 20000), "20000x10 pixels; .webp holds at most 16383 per side"),
        ("a.jpg", _image(), (70000, 10), "at most 65500"),
    ],
)
def test_formats_that_cannot_hold_the_result_are_refused(tmp_path, name, image, size, message):
    with pytest.raises(DataError, match=message):
        check_writable(tmp_path / name, image, size)
