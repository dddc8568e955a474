import cv2
import numpy as np
import pytest
from PIL import Image

from srcore.data.cropping import Window
from srcore.errors import DataError
from srcore.images import read_rgb, read_window, write_image

WINDOWS = [Window(0, 0, 40, 30), Window(0, 0, 8, 8), Window(32, 22, 8, 8), Window(11, 5, 9, 13)]


def noise(channels, dtype=np.uint8):
    values = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (40, 30, channels))
    return values.astype(dtype)


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_png_window_is_the_part_of_the_whole(tmp_path, channels, dtype, window):
    write_image(tmp_path / "a.png", noise(channels, dtype))
    expected = window.cut(read_rgb(tmp_path / "a.png"))
    got = read_window(tmp_path / "a.png", window)
    assert got.dtype == dtype
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".tif"])
def test_window_of_other_formats_is_the_part_of_the_whole(tmp_path, suffix, window):
    path = tmp_path / f"a{suffix}"
    write_image(path, noise(3))
    np.testing.assert_array_equal(read_window(path, window), window.cut(read_rgb(path)))


@pytest.mark.parametrize("kind", ["palette", "exif", "transparent", "interlaced", "animated"])
def test_uncommon_png_files_give_the_part_of_the_whole(tmp_path, kind):
    path = tmp_path / "a.png"
    picture = Image.fromarray(noise(3))
    if kind == "palette":
        picture.quantize(8).save(path)
    elif kind == "exif":
        exif = Image.Exif()
        exif[0x0112] = 3
        picture.save(path, exif=exif)
    elif kind == "transparent":
        picture.save(path, transparency=(1, 2, 3))
    elif kind == "animated":
        picture.save(path, save_all=True, append_images=[Image.fromarray(255 - noise(3))])
    else:
        path.write_bytes(interlaced_png(noise(3)))
    for window in WINDOWS:
        np.testing.assert_array_equal(read_window(path, window), window.cut(read_rgb(path)))


def interlaced_png(image):
    """Adam7 without filters; neither OpenCV nor Pillow writes such files."""
    import struct
    import zlib

    def chunk(name, content):
        checksum = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + checksum

    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2)]
    rows = b""
    for top, left, down, right in [*passes, (1, 0, 2, 1)]:
        for row in image[top::down, left::right]:
            rows += b"\0" + row.tobytes()
    header = struct.pack(">IIBBBBB", image.shape[1], image.shape[0], 8, 2, 0, 0, 1)
    content = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + content


def test_filters_of_all_rows_are_undone(tmp_path):
    """OpenCV's strongest compression uses every row filter of PNG on a smooth image."""
    ramp = np.add.outer(np.arange(40), np.arange(30))[..., None].repeat(3, axis=2)
    image = (ramp * 3 + noise(3) % 3).astype(np.uint8)
    settings = [cv2.IMWRITE_PNG_COMPRESSION, 9]
    _, encoded = cv2.imencode(".png", image[..., ::-1], settings)
    (tmp_path / "a.png").write_bytes(encoded.tobytes())
    for window in WINDOWS:
        np.testing.assert_array_equal(read_window(tmp_path / "a.png", window), window.cut(image))


def test_truncated_and_damaged_files_are_named(tmp_path):
    path = tmp_path / "a.png"
    write_image(path, noise(3))
    data = path.read_bytes()
    path.write_bytes(data[:-20])
    with pytest.raises(DataError, match=r"a\.png: the image is truncated"):
        read_window(path, WINDOWS[1])
    broken = bytearray(data)
    broken[100:300] = bytes(200)
    path.write_bytes(broken)
    with pytest.raises(DataError, match=r"a\.png: the image is damaged"):
        read_window(path, WINDOWS[2])


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_a_window_outside_is_named(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    write_image(path, noise(3))
    with pytest.raises(DataError, match="30x40 pixels now; the file changed while in use"):
        read_window(path, Window(35, 0, 8, 8))
