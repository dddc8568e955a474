"""What is written is read again; files that are no whole images are named."""

import io
import os
import stat

import cv2
import numpy as np
import pytest
from PIL import Image

from srcore.errors import DataError
from srcore.images import (
    decode_image,
    image_size,
    read_header,
    read_image,
    to_rgb,
    write_image,
)


def noise(*shape, dtype=np.uint8):
    values = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, shape, endpoint=True)
    return values.astype(dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_png_keeps_depth_gray_and_alpha(tmp_path, channels, dtype):
    image = noise(7, 9, channels, dtype=dtype)
    path = tmp_path / "a.png"
    write_image(path, image)
    read = read_image(path)
    assert read.dtype == dtype
    np.testing.assert_array_equal(read, image)
    assert read_header(path).bits == 8 * np.dtype(dtype).itemsize


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_tiff_keeps_depth_gray_and_alpha(tmp_path, channels, dtype):
    image = noise(7, 9, channels, dtype=dtype)
    write_image(tmp_path / "a.tif", image)
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif"), image)
    assert read_header(tmp_path / "a.tif").bits == 8 * np.dtype(dtype).itemsize


def test_dark_16_bit_images_stay_16_bit(tmp_path):
    image = noise(5, 5, 3) // 2
    write_image(tmp_path / "dark.png", image.astype(np.uint16))
    assert read_image(tmp_path / "dark.png").dtype == np.uint16


def test_lossless_webp_round_trip(tmp_path):
    image = noise(8, 8, 4)
    image[..., 3] = 255
    write_image(tmp_path / "a.webp", image, quality=100)
    np.testing.assert_array_equal(to_rgb(read_image(tmp_path / "a.webp")), image[..., :3])


def test_jpeg_is_rgb_and_near_the_original(tmp_path):
    image = np.full((16, 16, 3), (200, 100, 30), np.uint8)
    write_image(tmp_path / "a.jpg", image)
    assert np.abs(read_image(tmp_path / "a.jpg").astype(int) - image).max() <= 3


def test_palette_png_is_rgb_or_rgba(tmp_path):
    picture = Image.fromarray(noise(8, 8, 3)).quantize(16)
    picture.save(tmp_path / "p.png")
    np.testing.assert_array_equal(read_image(tmp_path / "p.png"), np.array(picture.convert("RGB")))
    picture.save(tmp_path / "t.png", transparency=3)
    assert read_image(tmp_path / "t.png").shape == (8, 8, 4)


def test_bilevel_png_is_gray(tmp_path):
    Image.fromarray(noise(8, 8)).convert("1").save(tmp_path / "b.png")
    image = read_image(tmp_path / "b.png")
    assert image.shape == (8, 8, 1)
    assert set(np.unique(image)) <= {0, 255}


def test_cmyk_jpeg_is_rgb(tmp_path):
    picture = Image.new("RGB", (8, 8), (200, 40, 40)).convert("CMYK")
    picture.save(tmp_path / "c.jpg", quality=100)
    np.testing.assert_allclose(read_image(tmp_path / "c.jpg")[0, 0], (200, 40, 40), atol=3)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
def test_color_profile_survives(tmp_path, suffix):
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = tmp_path / f"a{suffix}"
    write_image(path, noise(9, 9, 3), icc_profile=profile, quality=100)
    assert read_header(path).icc_profile == profile
    assert read_image(path).shape == (9, 9, 3)


def test_color_profile_of_16_bit_png_survives(tmp_path):
    image = noise(9, 9, 3, dtype=np.uint16)
    write_image(tmp_path / "a.png", image, icc_profile=b"profile")
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), image)
    assert read_header(tmp_path / "a.png").icc_profile == b"profile"


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif", ".bmp"])
@pytest.mark.parametrize("kept", [0.5, 0.9])
@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")  # Pillow, on TIFF without directory
def test_truncated_file_is_named(tmp_path, suffix, kept, capfd):
    path = tmp_path / f"a{suffix}"
    write_image(path, noise(64, 64, 3))
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(DataError, match=rf"a\{suffix}: .*(truncated|not an image)") as error:
        read_image(path)
    assert "\n" not in str(error.value)


def test_corrupt_png_is_named(tmp_path, capfd):
    path = tmp_path / "a.png"
    write_image(path, noise(64, 64, 3))
    data = bytearray(path.read_bytes())
    data[3000:3100] = bytes(100)
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"a\.png: the image is damaged"):
        read_image(path)


def test_jpeg_with_data_behind_its_end_is_read():
    _, encoded = cv2.imencode(".jpg", noise(16, 16, 3))
    assert decode_image(encoded.tobytes() + bytes(100), "x").shape == (16, 16, 3)


def test_empty_file_is_named(tmp_path):
    (tmp_path / "a.png").touch()
    for read in (read_image, image_size):
        with pytest.raises(DataError, match=r"a\.png: the file is empty"):
            read(tmp_path / "a.png")


def test_text_file_is_named(tmp_path):
    (tmp_path / "a.png").write_text("hello")
    for read in (read_image, image_size):
        with pytest.raises(DataError, match=r"a\.png: not an image"):
            read(tmp_path / "a.png")


def test_missing_file_and_folder_are_named(tmp_path):
    for read in (read_image, image_size):
        with pytest.raises(DataError, match=r"a\.png: no such file"):
            read(tmp_path / "a.png")
        with pytest.raises(DataError, match="is a folder"):
            read(tmp_path)


def test_float_tiff_is_refused(tmp_path):
    Image.fromarray(np.zeros((4, 4), np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(DataError, match=r"a\.tif: float32 pixels; expected 8 or 16 bits"):
        read_image(tmp_path / "a.tif")


def test_gif_is_read_by_its_first_frame():
    buffer = io.BytesIO()
    Image.new("RGB", (5, 4), (255, 0, 0)).save(buffer, "GIF")
    assert decode_image(buffer.getvalue(), "x")[0, 0].tolist()[:3] == [255, 0, 0]


@pytest.mark.parametrize(
    ("name", "image", "message"),
    [
        ("a.jpg", noise(4, 4, 3, dtype=np.uint16), "holds 8 bits per channel only"),
        ("a.jpg", noise(4, 4, 4), "cannot hold rgb_alpha"),
        ("a.xyz", noise(4, 4, 3), r"cannot write \.xyz; use \.apng, \.avif"),
        ("a", noise(4, 4, 3), "cannot write a file without a suffix"),
        ("a.png", noise(4, 4, 3) / 255, "expected a uint8 or uint16 image"),
    ],
)
def test_unwritable_images_are_refused(tmp_path, name, image, message):
    with pytest.raises(DataError, match=message):
        write_image(tmp_path / name, image)
    assert not list(tmp_path.iterdir())


def test_write_leaves_no_temporary_files_and_ordinary_permissions(tmp_path):
    path = tmp_path / "new" / "a.png"
    write_image(path, noise(4, 4, 3))
    assert os.listdir(path.parent) == ["a.png"]
    assert stat.S_IMODE(path.stat().st_mode) & stat.S_IRUSR


def test_unwritable_folder_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"a\.png: cannot be written: "):
        write_image(tmp_path / "file" / "a.png", noise(4, 4, 3))
