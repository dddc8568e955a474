import io
import struct

import numpy as np
import pytest
from PIL import Image

from srcore.errors import DataError
from srcore.images import Metadata, decode_header, decode_image, encode_image


def noise(height, width, channels, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)


def webp(image, **settings):
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "WEBP", **settings)
    return buffer.getvalue()


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("size", [(1, 1), (17, 31), (64, 5)])
def test_lossless_files_are_what_was_stored(agrees, channels, size):
    image = noise(*size, channels)
    agrees(webp(image, lossless=True, exact=True), image, (channels, size))


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("quality", [10, 60, 99])
def test_lossy_files_are_what_pillow_reads(agrees, channels, quality):
    content = webp(noise(33, 47, channels), quality=quality)
    with Image.open(io.BytesIO(content)) as image:
        assert image.mode == ("RGB" if channels == 3 else "RGBA")
        agrees(content, np.array(image), (channels, quality))


@pytest.mark.parametrize("lossless", [False, True])
@pytest.mark.parametrize("channels", [3, 4])
def test_an_animation_is_its_first_picture(agrees, channels, lossless):
    pictures = [Image.fromarray(noise(20, 30, channels, seed)) for seed in range(3)]
    buffer = io.BytesIO()
    pictures[0].save(
        buffer, "WEBP", save_all=True, append_images=pictures[1:], lossless=lossless, exact=True
    )
    content = buffer.getvalue()
    assert decode_header(content, "x").frame_count == 3
    with Image.open(buffer) as image:
        first = np.array(image)
    agrees(content, first, (channels, lossless))


@pytest.mark.parametrize("quality", [80, 100])
def test_profile_and_exif_survive(quality):
    written = Metadata(icc_profile=b"profile!", exif=b"MM\0*\0\0\0\x08" + bytes(6))
    image = noise(8, 9, 3)
    content = encode_image(image, ".webp", metadata=written, quality=quality)
    assert decode_header(content, "x").metadata == written
    if quality == 100:
        np.testing.assert_array_equal(decode_image(content, "x"), image)


@pytest.mark.parametrize("lossless", [False, True])
def test_a_cut_file_is_named_and_bytes_behind_it_are_not_looked_at(agrees, lossless):
    content = webp(noise(33, 47, 3), lossless=lossless)
    agrees(content + b"more", decode_image(content, "x"), "bytes behind")
    for kept in (14, 25, len(content) // 2, len(content) - 3):
        with pytest.raises(DataError, match=r"^x: the image is (damaged or )?truncated"):
            decode_image(content[:kept], "x")


EXIF = b"MM\0*\0\0\0\x08\0\x01" + struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0) + bytes(4)


def extended(flags, image, before=(), behind=()):
    """A file with further chunks before the picture and behind it, and these flags."""
    content = webp(image, lossless=True, exact=True)
    sides = ((it - 1).to_bytes(3, "little") for it in image.shape[1::-1])
    chunks = [(b"VP8X", struct.pack("<I", flags) + b"".join(sides)), *before]
    body = b"WEBP"
    for name, held in chunks:
        body += name + struct.pack("<I", len(held)) + held + bytes(len(held) % 2)
    body += content[content.index(b"VP8L") :]
    for name, held in behind:
        body += name + struct.pack("<I", len(held)) + held + bytes(len(held) % 2)
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize(
    ("before", "behind", "turned"),
    [
        ([(b"ICCP", b"profile!")], [(b"EXIF", EXIF)], True),
        ([(b"EXIF", EXIF)], [(b"ICCP", b"profile!")], True),
        ([(b"ABCD", b"odd")], [(b"EXIF", b"Exif\0\0" + EXIF), (b"ICCP", b"profile!")], True),
        ([], [(b"ICCP", b"profile!"), (b"XMP ", b"<x/>")], False),
    ],
)
def test_chunks_may_lie_anywhere(agrees, channels, before, behind, turned):
    image = noise(33, 47, channels)
    content = extended(0x10 * (channels == 4), image, before, behind)
    agrees(content, np.ascontiguousarray(np.rot90(image, -1)) if turned else image, "chunks")
    assert decode_header(content, "x").icc_profile == b"profile!"


@pytest.mark.parametrize("channels", [3, 4])
def test_the_flag_says_whether_there_is_alpha(agrees, channels):
    """As libwebp has it, where there is a flag."""
    image = noise(33, 47, channels)
    if channels == 3:
        opaque = np.concatenate([image, np.full((33, 47, 1), 255, np.uint8)], axis=-1)
        agrees(extended(0x10, image), opaque, "flag without alpha")
    else:
        agrees(extended(0, image), np.ascontiguousarray(image[..., :3]), "alpha without flag")


@pytest.mark.parametrize("length", [40, 60, 70, 0.5, 0.9])
def test_cut_animations_are_named(length):
    pictures = [Image.fromarray(noise(20, 30, 4, seed)) for seed in range(3)]
    buffer = io.BytesIO()
    pictures[0].save(buffer, "WEBP", save_all=True, append_images=pictures[1:])
    content = buffer.getvalue()
    with pytest.raises(DataError, match=r"^x: the image is (damaged or )?truncated"):
        decode_image(content[: length if length > 1 else int(len(content) * length)], "x")
