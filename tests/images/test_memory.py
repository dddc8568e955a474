"""Memory of reading: twice the decoded picture, where a decoder does not need more of its own."""

import contextlib
import io
import json
import os
import zlib

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from srcore.data.cropping import Window
from srcore.errors import DataError
from srcore.images import encode_image, read_header, read_image, read_window
from srcore.images.png_chunks import after_header, chunk
from srcore.testing.resources import peak_growth

HEIGHT, WIDTH = 2000, 3000
#: Of libraries, for tables and bands of rows.
ALLOWANCE = 6 << 20
#: Peak of reading in sizes of the decoded picture where it is not two, the file included; why,
#: docs/design.md says.
BOUNDS = {
    "png": 2.8,
    "gray and alpha.png": 2.8,
    "deep gray and alpha.png": 3.9,
    "deep.png": 3.3,
    "cmyk.jpg": 2.9,
    "lzw.tif": 3.0,
    "cmyk.tif": 4.9,
    "plain.pgm": 12.0,
    "webp": 2.3,
}


def picture(channels=4):
    small = np.random.default_rng(0).integers(0, 256, (150, 200, 4)).astype(np.uint8)
    return np.ascontiguousarray(cv2.resize(small, (WIDTH, HEIGHT))[..., :channels])


def by_pillow(mode, kind, **settings):
    buffer = io.BytesIO()
    Image.fromarray(picture()).convert("RGBA").convert(mode).save(buffer, kind, **settings)
    return buffer.getvalue()


def tiff(**settings):
    buffer = io.BytesIO()
    image = picture(3).astype(np.uint16) * 257
    if settings.get("planarconfig") == "separate":
        image = np.ascontiguousarray(image.transpose(2, 0, 1))
    tifffile.imwrite(buffer, image, photometric="rgb", **settings)
    return buffer.getvalue()


def plain():
    values = picture(1).ravel()
    return b"P2 %d %d 255\n" % (WIDTH, HEIGHT) + b" ".join(b"%d" % it for it in values)


#: Name -> its file, made when it is wanted.
FILES = {
    "png": lambda: by_pillow("RGB", "PNG", compress_level=1),
    "gray and alpha.png": lambda: by_pillow("LA", "PNG", compress_level=1),
    "deep.png": lambda: encode_image(picture(3).astype(np.uint16) * 257, ".png"),
    "palette.png": lambda: by_pillow("P", "PNG", compress_level=1),
    "deep gray and alpha.png": lambda: encode_image(picture(2).astype(np.uint16) * 257, ".png"),
    "jpg": lambda: by_pillow("RGB", "JPEG"),
    "cmyk.jpg": lambda: by_pillow("CMYK", "JPEG"),
    "raw.tif": lambda: by_pillow("RGB", "TIFF"),
    "lzw.tif": lambda: by_pillow("RGB", "TIFF", compression="tiff_lzw"),
    "cmyk.tif": lambda: by_pillow("CMYK", "TIFF", compression="tiff_lzw"),
    "planar.tif": lambda: tiff(planarconfig="separate", compression="zlib"),
    "tiled.tif": lambda: tiff(tile=(256, 256), compression="zlib"),
    "one strip.tif": lambda: tiff(rowsperstrip=HEIGHT, compression="zlib"),
    "bmp": lambda: by_pillow("RGB", "BMP"),
    "plain.pgm": plain,
    "ppm": lambda: by_pillow("RGB", "PPM"),
    "webp": lambda: by_pillow("RGB", "WEBP", method=0),
    "gif": lambda: by_pillow("P", "GIF"),
}


def growth_in_child(function):
    """Highest memory of a call in a child of this process, beyond what it had before."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        with peak_growth() as growth, contextlib.suppress(DataError):
            function()
        os.write(writing, json.dumps(growth.bytes).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        answer = pipe.read()
    assert os.waitpid(child, 0)[1] == 0
    return json.loads(answer)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("name", FILES)
def test_reading_takes_twice_the_decoded_picture_or_what_is_written_down(tmp_path, name):
    path = tmp_path / "image"
    path.write_bytes(FILES[name]())
    header = read_header(path)
    decoded = header.height * header.width * header.channels * header.bits // 8
    limit = BOUNDS.get(name, 2) * decoded + ALLOWANCE
    assert growth_in_child(lambda: read_image(path)) < limit
    window = Window(HEIGHT // 2, WIDTH // 3, 64, 64)
    assert growth_in_child(lambda: read_window(path, window)) < limit
    assert growth_in_child(lambda: read_header(path)) < 2 * path.stat().st_size + ALLOWANCE


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_what_a_small_file_unpacks_to_is_not_taken_into_memory(tmp_path):
    small = encode_image(picture(3)[:64, :64], ".png")
    path = tmp_path / "image"
    for bomb in (
        chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(2**27), 9)),
        chunk(b"zTXt", b"x\0\0" + zlib.compress(bytes(2**27), 9)),
        chunk(b"IDAT", zlib.compress(bytes(2**27), 9)),
    ):
        path.write_bytes(after_header(small, bomb))
        # The largest colour profile that is read, twice.
        assert growth_in_child(lambda: read_image(path)) < ALLOWANCE + 2 * 2**24
