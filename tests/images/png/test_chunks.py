"""PNG files by the chunk."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from srcore.images.metadata import Metadata
from srcore.images.png.chunks import (
    after_header,
    chunk,
    describing,
    gray_alpha,
    png_start,
    profile_chunk,
    read_text,
    with_png_text,
)


def written(image):
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()


PLAIN = written(np.arange(12, dtype=np.uint8).reshape(3, 4))


def names(chunks):
    place, known = 0, []
    while place < len(chunks):
        (length,) = struct.unpack_from(">I", chunks, place)
        known.append(chunks[place + 4 : place + 8])
        place += 12 + length
    return known


def test_a_chunk_has_length_name_content_and_checksum():
    made = chunk(b"teSt", b"abc")
    assert made[:11] == b"\0\0\0\3teStabc"
    assert int.from_bytes(made[11:], "big") == zlib.crc32(b"teStabc")


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_start_says_what_pillow_reads(channels, dtype):
    content = png_start(5, 7, channels, np.dtype(dtype)) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    image = Image.open(io.BytesIO(content))
    assert image.size == (7, 5)
    assert content[24] == 8 * np.dtype(dtype).itemsize


@pytest.mark.parametrize("level", [None, 0, 9])
def test_gray_with_alpha_is_read_by_pillow(level):
    image = np.random.default_rng(0).integers(0, 256, (5, 7, 2), np.uint8)
    made = Image.open(io.BytesIO(gray_alpha(image, level)))
    assert made.mode == "LA"
    np.testing.assert_array_equal(np.asarray(made), image)


def test_a_text_of_any_language_is_read_again_and_pixels_stay():
    content = with_png_text(PLAIN, "srcore", "größer → 更大")
    assert read_text(io.BytesIO(content), "srcore") == "größer → 更大"
    assert Image.open(io.BytesIO(content)).text["srcore"] == "größer → 更大"
    np.testing.assert_array_equal(
        np.asarray(Image.open(io.BytesIO(content))), np.asarray(Image.open(io.BytesIO(PLAIN)))
    )


def test_a_text_of_another_name_and_one_of_a_cut_file_are_none():
    content = with_png_text(PLAIN, "other", "text")
    assert read_text(io.BytesIO(content), "srcore") is None
    assert read_text(io.BytesIO(content[:40]), "srcore") is None
    assert read_text(io.BytesIO(PLAIN), "srcore") is None


def test_further_chunks_stand_behind_the_header():
    made = after_header(PLAIN, chunk(b"teSt", b""))
    assert names(made[8:])[:2] == [b"IHDR", b"teSt"]
    assert len(made) == len(PLAIN) + 12


def test_a_profile_takes_the_place_of_srgb():
    color = ((b"gAMA", struct.pack(">I", 45455)), (b"sRGB", b"\0"))
    assert names(describing(Metadata(png_color=color))) == [b"gAMA", b"sRGB"]
    with_profile = describing(Metadata(png_color=color, icc_profile=b"profile"))
    assert names(with_profile) == [b"gAMA", b"iCCP"]
    assert profile_chunk(b"profile") in with_profile


def test_resolution_and_exif_data_are_written():
    made = describing(Metadata(dpi=(254.0, 127.0), exif=b"II*\0"))
    assert names(made) == [b"pHYs", b"eXIf"]
    assert struct.unpack_from(">IIB", made, 8) == (10000, 5000, 1)
