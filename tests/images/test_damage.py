"""Files that were cut, spliced and flipped: one line, or the right pixels; never a crash or a hang.

``-m slow`` takes a sample, ``-m stress`` takes all.
"""

import collections
import io
import random
import struct
import time
import warnings

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from srcore.errors import DataError
from srcore.images import decode_header, decode_image, encode_image
from srcore.images.format import ReadsSeries
from srcore.images.header import header_of

#: Longest time of one file in seconds of this process; a shared machine gives no better clock.
LONGEST = 5.0
#: Formats whose every byte is covered by checksums: what is read is what was written.
CHECKED = (".png",)


def files():
    """Small files of all formats by name, as other programs write them."""
    generator = np.random.default_rng(0)
    smooth = cv2.resize(generator.integers(0, 256, (9, 12, 4)).astype(np.uint8), (47, 33))
    deep = smooth.astype(np.uint16) * 257
    exif = Image.Exif()
    exif[0x0112] = 6
    contents = {}

    def pillow(name, mode="RGB", kind=None, **settings):
        buffer = io.BytesIO()
        image = Image.fromarray(smooth).convert("RGBA").convert(mode)
        image.save(
            buffer,
            kind or {"jpg": "JPEG", "tif": "TIFF"}.get(name[-3:], name[-4:].strip(".")),
            **settings,
        )
        contents[name] = buffer.getvalue()

    for mode in ("RGB", "L", "CMYK"):
        pillow(f"{mode}.jpg", mode, quality=90)
    pillow("progressive.jpg", progressive=True, exif=exif)
    pillow("restart.jpg", restart_marker_blocks=2)
    for mode in ("RGB", "L", "LA", "RGBA", "P", "1"):
        pillow(f"{mode}.png", mode)
    pillow("turned.png", exif=exif)
    contents["deep.png"] = encode_image(deep, ".png")
    for name in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "raw"):
        pillow(f"{name}.tif", compression=name)
    pillow("fax.tif", "1", compression="group4")
    for planar in ("contig", "separate"):
        buffer = io.BytesIO()
        stored = deep[..., :3] if planar == "contig" else deep[..., :3].transpose(2, 0, 1).copy()
        tifffile.imwrite(buffer, stored, photometric="rgb", planarconfig=planar, compression="zlib")
        contents[f"{planar}.tif"] = buffer.getvalue()
    for lossless in (False, True):
        pillow(f"{lossless}.webp", "RGBA", lossless=lossless)
    several = {"save_all": True, "append_images": [Image.fromarray(255 - smooth)]}
    for name, mode in (("lossy", "RGB"), ("lossless", "RGBA")):
        pillow(f"{name}, animated.webp", mode, lossless=name == "lossless", **several)
    pillow("animated.png", "RGBA", disposal=2, **several)
    pillow("animated.gif", "P", kind="GIF", disposal=2, **several)
    pages = io.BytesIO()
    with tifffile.TiffWriter(pages) as writer:
        writer.write(smooth[::4, ::4, :3].copy(), photometric="rgb", subfiletype=1, subifds=1)
        writer.write(smooth[..., :3].copy(), photometric="rgb")
        writer.write(deep[..., 0].copy(), photometric="minisblack", compression="zlib")
    contents["pages.tif"] = pages.getvalue()
    indices = np.asarray(Image.fromarray(smooth).convert("RGB").quantize(16))
    code = b"".join(
        b"".join(bytes([1, 16 * int(it)]) for it in row) + b"\0\0" for row in indices[::-1]
    )
    head = struct.pack("<IiiHHIIiiII", 40, 47, 33, 1, 4, 2, 0, 0, 0, 0, 0)
    palette = generator.bytes(64)
    contents["runs.bmp"] = (
        struct.pack("<2sIHHI", b"BM", 118 + len(code), 0, 0, 118) + head + palette + code + b"\0\1"
    )
    pillow("a.avif")
    pillow("a.gif", "P", kind="GIF")
    pillow("a.bmp", kind="BMP")
    pillow("gray.bmp", "L", kind="BMP")
    pillow("a.ppm", kind="PPM")
    contents["plain.pgm"] = b"P2 9 7 255 " + b" ".join(b"%d" % it for it in smooth.ravel()[:63])
    return contents


def mutants(count, seed):
    """Kind of change, name, changed content, and how many bytes are kept of a cut one."""
    originals = files()
    chance = random.Random(seed)
    for number in range(count):
        name = chance.choice(sorted(originals))
        content = bytearray(originals[name])
        kind = ("flip", "burst", "cut", "splice", "insert", "header", "zero")[number % 7]
        place = chance.randrange(len(content))
        if kind == "flip":
            for _ in range(chance.choice((1, 1, 3))):
                content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        elif kind == "header":
            content[min(chance.randrange(64), len(content) - 1)] = chance.choice(
                (0, 1, 127, 128, 255)
            )
        elif kind == "burst":
            content[place : place + 20] = chance.randbytes(20)
        elif kind == "zero":
            content[place : place + 30] = bytes(30)
        elif kind == "cut":
            # Of a text the last number may be cut, which nobody can see.
            del content[max(0, place - 4 * name.startswith("plain")) :]
        elif kind == "splice":
            del content[place : place + chance.randrange(1, 60)]
        else:
            content[place:place] = chance.randbytes(chance.randrange(1, 60))
        yield kind, name, bytes(content)


def all_pictures(content, what):
    """Of a file with several; why, if a later one is refused."""
    image_format, header = header_of(io.BytesIO(content), what)
    if not isinstance(image_format, ReadsSeries) or header.frame_count < 2:
        return []
    try:
        return list(image_format.decode_series(content, header, what)[1])
    except DataError as error:
        return str(error)


def outcomes(count, seed):
    """How many mutants were refused and read; asserts what must hold of each."""
    right = {name: decode_image(content, name) for name, content in files().items()}
    counts = collections.Counter()
    for kind, name, content in mutants(count, seed):
        begin = time.process_time()
        what = f"{name}: {kind}"
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                image = decode_image(content, what)
                others = all_pictures(content, what)
            except DataError as error:
                message = str(error)
                assert message.startswith(f"{what}: "), message
                assert "\n" not in message
                counts["refused"] += 1
            else:
                counts["read"] += 1
                header = decode_header(content, what)
                assert (header.shape, header.dtype) == (image.shape, image.dtype), what
                if isinstance(others, str):
                    assert others.startswith(f"{what}: "), others
                    assert "\n" not in others
                if kind == "cut" or name.endswith(CHECKED):
                    np.testing.assert_array_equal(image, right[name], err_msg=what)
        assert not caught, f"{what}: {caught[0].message}"
        assert time.process_time() - begin < LONGEST, what
    return counts


@pytest.fixture(autouse=True)
def _quiet(capfd):
    """Libraries say on standard error what they find."""


def test_some_changed_files_are_refused_or_read():
    assert outcomes(350, 0).total() == 350


@pytest.mark.slow
def test_changed_files_are_refused_or_read(capfd):
    counts = outcomes(3000, 1)
    with capfd.disabled():
        print(f"{counts.total()} changed files: {dict(counts)}")
    assert counts["refused"] > 1000
    assert counts["read"] > 100


@pytest.mark.stress
def test_all_changed_files_are_refused_or_read(stress_result):
    counts = outcomes(20_000, 2)
    stress_result("changed-images", files=counts.total(), **counts)
    assert counts["refused"] > 5000
