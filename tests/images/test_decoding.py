"""From the content of a file to an array: channels, orientation, what is refused before."""

import io
import zlib

import numpy as np
import pytest
from PIL import Image

from srcore.errors import DataError
from srcore.images import decode_image, image_size, read_image, read_rgb, to_rgb, write_image
from srcore.images.decoding import to_gray, to_rgba, upright_pixels, verify_image
from srcore.images.formats.png import Png


def noise(*shape, dtype=np.uint8):
    values = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, shape, endpoint=True)
    return values.astype(dtype)


def test_to_rgb_repeats_gray_and_drops_alpha():
    gray = noise(3, 4, 2)
    np.testing.assert_array_equal(to_rgb(gray), np.repeat(gray[..., :1], 3, axis=-1))
    np.testing.assert_array_equal(to_rgb(gray[..., 0]), np.repeat(gray[..., :1], 3, axis=-1))
    color = noise(3, 4, 4)
    np.testing.assert_array_equal(to_rgb(color), color[..., :3])


def test_three_channels_are_handed_through():
    color = noise(3, 4, 3)
    assert to_rgb(color) is color


def test_gray_is_the_luma_of_bt_601_rounded():
    colors = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]], np.uint8)
    np.testing.assert_array_equal(to_gray(colors)[0, :, 0], [76, 150, 29, 255])
    deep = to_gray(colors.astype(np.uint16) * 257)
    assert deep.dtype == np.uint16
    np.testing.assert_array_equal(deep[0, :, 0], [19595, 38469, 7471, 65535])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_what_has_no_alpha_is_opaque(channels, dtype):
    image = noise(3, 4, channels, dtype=dtype)
    made = to_rgba(image)
    assert (made.shape, made.dtype) == ((3, 4, 4), dtype)
    np.testing.assert_array_equal(made[..., :3], to_rgb(image))
    expected = image[..., -1] if channels in (2, 4) else np.full((3, 4), np.iinfo(dtype).max)
    np.testing.assert_array_equal(made[..., 3], expected)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
def test_exif_orientation_is_applied_to_pixels_and_size(tmp_path, orientation, suffix):
    upright = noise(6, 10, 3)
    stored = {  # what a camera stores so that the given turn shows `upright`
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.swapaxes(0, 1),
        6: np.rot90(upright, 1),
        7: upright.swapaxes(0, 1)[::-1, ::-1],
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"a{suffix}"
    settings = {"lossless": True} if suffix == ".webp" else {}
    Image.fromarray(np.ascontiguousarray(stored)).save(path, exif=exif, **settings)
    np.testing.assert_array_equal(read_image(path), upright)
    assert image_size(path) == (6, 10)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pixels_that_are_turned_lie_in_rows_and_may_be_written(orientation):
    pixels = noise(2, 3, 1)
    turned = upright_pixels(pixels, orientation)
    assert turned.shape == ((3, 2, 1) if orientation > 4 else (2, 3, 1))
    assert turned.flags.c_contiguous
    assert turned.flags.writeable
    assert sorted(turned.ravel()) == sorted(pixels.ravel())


@pytest.mark.parametrize("orientation", [0, 9])
def test_an_orientation_that_there_is_not_turns_nothing(orientation):
    np.testing.assert_array_equal(upright_pixels(noise(2, 3, 1), orientation), noise(2, 3, 1))


def test_read_rgb_gives_three_channels(tmp_path):
    write_image(tmp_path / "a.png", noise(4, 5))
    assert read_rgb(tmp_path / "a.png").shape == (4, 5, 3)


def encoded(image):
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, format="png")
    return stream.getvalue()


def test_a_decoder_that_gives_other_pixels_than_the_header_promises_is_refused(monkeypatch):
    data = encoded(noise(4, 6, 3))
    monkeypatch.setattr(Png, "decode", lambda *_: noise(4, 5, 3))
    with pytest.raises(
        DataError,
        match=r"^x: its header promises uint8 \(4, 6, 3\), its pixels are uint8 \(4, 5, 3\);",
    ):
        decode_image(data, "x")


def test_a_header_that_promises_more_than_its_bytes_can_hold_is_refused():
    data = bytearray(encoded(noise(4, 6)))
    data[16:24] = b"\x00\x01\x00\x00" * 2  # 65536 x 65536
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    with pytest.raises(DataError, match=r"^x: its header promises 65536x65536 pixels, but \d+ "):
        decode_image(bytes(data), "x")


def test_verifying_says_what_the_header_says(tmp_path):
    write_image(tmp_path / "a.png", noise(4, 6, 3))
    header = verify_image(tmp_path / "a.png")
    assert (header.height, header.width, header.bits) == (4, 6, 8)


def test_a_picture_that_memory_cannot_hold_is_refused_before_it_is_decoded(tmp_path, monkeypatch):
    path = tmp_path / "large.png"
    Image.new("L", (20_000, 10_000)).save(path)  # 200 MB from 200 KB, which its bytes can hold
    monkeypatch.setattr("srcore.images.decoding.free_memory_of_processor", lambda: 100_000_000)
    with pytest.raises(DataError, match=r"20000x10000 pixels need 0.4 GB of memory, of which 0.1"):
        read_image(path)


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (b"\xff\x0a", "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"v/1\x01", "OpenEXR"),
    ],
)
def test_a_known_format_that_is_not_read_is_refused_by_its_name(start, name):
    with pytest.raises(DataError, match=rf"^x: {name} is not read; convert it"):
        decode_image(start + bytes(60), "x")
