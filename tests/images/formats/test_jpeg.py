"""JPEG of every kind against OpenCV's decoder; cut ones, with and without the strict decoder."""

import io
import itertools
import struct

import cv2
import numpy as np
import pytest
from PIL import Image

from srcore.errors import DataError
from srcore.images import decode_header, decode_image, encode_image, strict_jpeg, verify_image

UPRIGHT = {
    1: lambda it: it,
    2: lambda it: it[:, ::-1],
    3: lambda it: it[::-1, ::-1],
    4: lambda it: it[::-1],
    5: lambda it: it.swapaxes(0, 1),
    6: lambda it: np.rot90(it, -1),
    7: lambda it: it[::-1, ::-1].swapaxes(0, 1),
    8: lambda it: np.rot90(it, 1),
}


@pytest.fixture(params=["strict", "plain"])
def decoder(request, monkeypatch):
    """Both ways of decoding: with simplejpeg, and without it."""
    monkeypatch.setattr(strict_jpeg, "is_installed", lambda: request.param == "strict")


def smooth(height, width, seed=0):
    values = np.random.default_rng(seed).integers(0, 256, (height // 4 + 2, width // 4 + 2, 3))
    return cv2.resize(values.astype(np.uint8), (width, height), interpolation=cv2.INTER_CUBIC)


def jpeg(image, **settings):
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", **{"quality": 90} | settings)
    return buffer.getvalue()


def exif(kind, value):
    entry = struct.pack(">HHI4s", 0x0112, kind, 1, value)
    return b"Exif\0\0MM\0*\0\0\0\x08\0\x01" + entry + bytes(4)


def by_opencv(content):
    flags = cv2.IMREAD_UNCHANGED
    image = cv2.imdecode(np.frombuffer(content, np.uint8), flags)
    return image[..., None] if image.ndim == 2 else image[..., ::-1]


SETTINGS = [
    {"subsampling": 0},
    {"subsampling": 1},
    {"subsampling": 2},
    {"progressive": True},
    {"optimize": True, "quality": 30},
    {"restart_marker_blocks": 3},
    {"quality": 100, "progressive": True, "subsampling": 2},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_every_kind_is_what_opencv_reads(agrees, decoder, settings):
    for seed, (size, gray) in enumerate(
        itertools.product(((1, 1), (8, 8), (17, 31), (64, 5), (100, 75)), (False, True))
    ):
        image = smooth(*size, seed)
        content = jpeg(image[..., 0] if gray else image, **settings)
        agrees(content, np.ascontiguousarray(by_opencv(content)), (settings, size, gray))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_turns_header_and_pixels(agrees, decoder, orientation):
    content = jpeg(smooth(16, 24), exif=exif(3, struct.pack(">HH", orientation, 0)))
    agrees(content, np.ascontiguousarray(UPRIGHT[orientation](by_opencv(content))), orientation)


@pytest.mark.parametrize(
    ("kind", "value", "upright"),
    [
        (7, b"\6\0\0\0", 1),  # undefined bytes
        (2, b"6\0\0\0", 1),  # a text
        (3, b"\0\0\0\0", 1),
        (3, b"\0\x09\0\0", 1),
        (3, b"\xff\xff\0\0", 1),
        (1, b"\6\0\0\0", 6),  # other integers than the standard's
        (4, b"\0\0\0\6", 6),
        (9, b"\xff\xff\xff\xff", 1),
        (5, b"\0\0\0\x1a", 1),  # a fraction, behind the end
        (200, b"\0\6\0\0", 1),
    ],
)
def test_an_orientation_that_is_no_integer_of_1_to_8_is_upright(agrees, kind, value, upright):
    content = jpeg(smooth(16, 24), exif=exif(kind, value))
    agrees(content, np.ascontiguousarray(UPRIGHT[upright](by_opencv(content))), (kind, value))


def test_cmyk_is_what_the_inks_leave(decoder):
    buffer = io.BytesIO()
    inks = Image.fromarray(smooth(16, 24)).convert("CMYK")
    inks.save(buffer, "JPEG", quality=100, subsampling=0)
    image = decode_image(buffer.getvalue(), "x")
    with Image.open(buffer) as stored:
        c, m, y, k = (np.asarray(it, float) for it in stored.split())
    expected = np.stack([(255 - it) * (255 - k) / 255 for it in (c, m, y)], axis=-1)
    np.testing.assert_allclose(image, expected, atol=0.5001)
    assert decode_header(buffer.getvalue(), "x").shape == image.shape


def segments(content):
    """Markers and contents before the coded data, and these."""
    place, pieces = 2, []
    while not pieces or pieces[-1][0] != 0xDA:
        length = int.from_bytes(content[place + 2 : place + 4], "big")
        pieces.append((content[place + 1], bytearray(content[place + 4 : place + 2 + length])))
        place += 2 + length
    return pieces, content[place:]


def joined(pieces, rest):
    parts = (bytes([255, it]) + struct.pack(">H", len(held) + 2) + held for it, held in pieces)
    return b"\xff\xd8" + b"".join(parts) + rest


def with_transform(content, transform, names=b""):
    """With Adobe's word about the colors and no other; and with other names of components."""
    pieces, rest = segments(content)
    pieces = [it for it in pieces if it[0] not in (0xE0, 0xEE)]
    if transform is not None:
        pieces.insert(0, (0xEE, b"Adobe" + struct.pack(">HHHB", 100, 0, 0, transform)))
    for marker, held in pieces:
        for number, name in enumerate(names):
            if marker in (0xC0, 0xDA):
                held[6 + 3 * number if marker == 0xC0 else 1 + 2 * number] = name
    return joined(pieces, rest)


def rgb_of(components):
    """Y, Cb, Cr -> RGB, by JFIF."""
    y, cb, cr = (components[..., it].astype(float) - 128 * (it > 0) for it in range(3))
    together = np.stack([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb], -1)
    return np.clip(together, 0, 255)


def stored_in(content, mode):
    """Components of a file as they are stored."""
    with Image.open(io.BytesIO(with_transform(content, 0))) as image:
        assert image.mode == mode
        stored = np.asarray(image)
    return 255 - stored if mode == "CMYK" else stored  # Pillow takes the negative


@pytest.mark.parametrize(
    ("transform", "names", "is_rgb"),
    [
        (0, b"", True),
        (1, b"", False),
        (2, b"", False),  # unknown for three channels
        (None, b"", False),
        (None, b"RGB", True),
        (None, b"\0\1\2", False),
        (1, b"RGB", False),
    ],
)
def test_adobe_and_the_names_say_what_three_channels_are(decoder, transform, names, is_rgb):
    # Several scans name their components one by one.
    for progressive in (False,) if names else (False, True):
        content = jpeg(smooth(33, 47), subsampling=0, progressive=progressive)
        stored = stored_in(content, "RGB")
        decoded = decode_image(with_transform(content, transform, names), "x")
        np.testing.assert_allclose(decoded, stored if is_rgb else rgb_of(stored), atol=1.01)


@pytest.mark.parametrize(
    ("transform", "is_cmyk"), [(None, True), (0, True), (1, False), (2, False)]
)
def test_adobe_says_what_four_channels_are(decoder, transform, is_cmyk):
    buffer = io.BytesIO()
    Image.fromarray(smooth(33, 47)).convert("CMYK").save(buffer, "JPEG", quality=95)
    stored = stored_in(buffer.getvalue(), "CMYK")
    # Inks are stored as what they leave.
    left = stored[..., :3] if is_cmyk else 255 - rgb_of(stored)
    expected = left * (stored[..., 3:] / 255)
    decoded = decode_image(with_transform(buffer.getvalue(), transform), "x")
    np.testing.assert_allclose(decoded, expected, atol=1.51)


@pytest.mark.parametrize("half", [False, True])
def test_channels_may_lie_one_behind_the_other(decoder, half):
    """Of several scans that are not progressive: each is that of a gray file (section A.2.2)."""
    image = smooth(33, 47)
    planes = [image[..., 0], *(image[:: 1 + half, :: 1 + half, it] for it in (1, 2))]
    files = [segments(jpeg(np.ascontiguousarray(it))) for it in planes]
    tables = [it for it in files[0][0] if it[0] in (0xDB, 0xC4)]
    factors = (0x22 if half else 0x11, 0x11, 0x11)
    channels = b"".join(bytes([it + 1, factors[it], 0]) for it in range(3))
    frame = (0xC0, struct.pack(">BHHB", 8, 33, 47, 3) + channels)
    content = b""
    for number, (_, rest) in enumerate(files):
        scan = (0xDA, bytes([1, number + 1, 0, 0, 63, 0]))
        before = [frame, *tables] if number == 0 else []
        content += joined([*before, scan], rest.removesuffix(b"\xff\xd9"))[2 * (number > 0) :]
    content += b"\xff\xd9"
    image = decode_image(content, "x")
    assert decode_header(content, "x").shape == image.shape
    if half:  # libjpeg interpolates the colors
        expected = np.ascontiguousarray(by_opencv(content))
        np.testing.assert_array_equal(image, expected)
    else:
        stored = [np.asarray(Image.open(io.BytesIO(joined(*it)))) for it in files]
        np.testing.assert_allclose(image, rgb_of(np.stack(stored, axis=-1)), atol=1.01)
    for kept in (0.5, 0.95):
        with pytest.raises(DataError, match=r"^x: the image is damaged or truncated: "):
            decode_image(content[: int(kept * len(content))] + b"\xff\xd9", "x")


def test_odd_headers_are_no_damage_and_hide_none(agrees, decoder):
    content = jpeg(smooth(120, 160))
    expected = np.ascontiguousarray(by_opencv(content))
    pieces, rest = segments(content)
    for name in ("revision", "scan"):
        changed = [(marker, bytearray(held)) for marker, held in pieces]
        if name == "revision":
            next(held for marker, held in changed if marker == 0xE0)[5] = 2
        else:
            changed[-1][1][-2] = 0  # the last coefficient of a scan
        odd = joined(changed, rest)
        agrees(odd, expected, name)
        with pytest.raises(DataError, match=r"^x: the image is damaged or truncated: "):
            decode_image(odd[: len(odd) // 2] + b"\xff\xd9", "x")


def test_factors_of_one_component_mean_nothing(agrees, decoder):
    """Section A.2.2."""
    image = smooth(33, 47)[..., 0]
    for progressive in (False, True):
        content = jpeg(image, progressive=progressive)
        pieces, rest = segments(content)
        for factors in (0x11, 0x22, 0x41):
            next(held for marker, held in pieces if marker in (0xC0, 0xC2))[7] = factors
            agrees(joined(pieces, rest), np.ascontiguousarray(by_opencv(content)), factors)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("gray", [False, True])
def test_a_file_that_was_cut_and_closed_is_damaged(decoder, settings, gray):
    image = smooth(120, 160)
    content = jpeg(image[..., 0] if gray else image, **settings)
    first = content.rindex(b"\xff\xda") + 40
    # Without the strict decoder the last block or two may be missing.
    last = len(content) - (8 if strict_jpeg.is_installed() else 60)
    for place in np.linspace(first, last, 12).astype(int):
        if content[place - 1] == 0xFF:
            continue
        with pytest.raises(DataError, match=r"^x: the image is damaged or truncated: "):
            decode_image(content[:place] + b"\xff\xd9", "x")


def test_data_behind_the_end_are_not_looked_at(agrees, decoder):
    content = jpeg(smooth(40, 60))
    expected = np.ascontiguousarray(by_opencv(content))
    for behind in (bytes(5000), b"\xff\xd8\xff\xda\x01\x02", content, b"\xff\xda", b"ftypmp42\xff"):
        agrees(content + behind, expected, behind[:4])


@pytest.mark.parametrize("kept", [0.1, 0.3, 0.6, 0.99])
def test_a_file_without_its_end_is_truncated(decoder, kept):
    content = jpeg(smooth(120, 160))
    with pytest.raises(DataError, match=r"^x: the image is (damaged or )?truncated"):
        decode_image(content[: int(len(content) * kept)], "x")


def test_bytes_before_a_marker_are_harmless(agrees, decoder):
    content = jpeg(smooth(40, 60))
    padded = content[:-2] + b"\0\0\0" + content[-2:]
    agrees(padded, np.ascontiguousarray(by_opencv(content)), "bytes before the end marker")


@pytest.mark.parametrize(
    ("marker", "precision", "message"),
    [
        (0xC3, 8, "arithmetic or lossless"),
        (0xC9, 8, "arithmetic"),
        (0xF7, 8, "JPEG-LS"),
        (0xC0, 12, "JPEG of 12 bits"),
    ],
)
def test_what_cannot_be_read_is_named(marker, precision, message):
    content = jpeg(smooth(16, 16))
    place = content.index(b"\xff\xc0")
    changed = content[: place + 1] + bytes([marker]) + content[place + 2 : place + 4]
    changed += bytes([precision]) + content[place + 5 :]
    with pytest.raises(DataError, match=rf"^x: .*{message}"):
        decode_image(changed, "x")


def test_what_else_is_in_a_file_is_named():
    content = jpeg(smooth(16, 16), comment=b"hello", xmp=b"<x/>", dpi=(300, 200))
    metadata = decode_header(content, "x").metadata
    assert set(metadata.others) == {"texts", "XMP"}
    assert metadata.dpi == (300, 200)


def test_verifying_finds_a_missing_block_without_the_strict_decoder(monkeypatch, tmp_path):
    monkeypatch.setattr(strict_jpeg, "is_installed", lambda: False)
    content = jpeg(smooth(120, 160))
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    verify_image(path)
    path.write_bytes(content[:-12] + b"\xff\xd9")
    with pytest.raises(DataError, match=r"end early|truncated"):
        verify_image(path)


def test_what_lies_behind_the_picture_is_named():
    content = encode_image(np.zeros((8, 8, 3), np.uint8), ".jpg")
    video = b"\0\0\0\x18ftypmp42" + bytes(range(1, 200)) * 9
    assert decode_header(content + video, "x").metadata.others == (
        "what lies behind the picture (a video, a depth map)",
    )
    for filling in (b"", bytes(50), b"\r\n"):
        assert decode_header(content + filling, "x").metadata.others == ()


def test_further_pictures_are_named():
    buffer = io.BytesIO()
    first, second = (Image.new("RGB", (8, 8), color) for color in ("red", "blue"))
    first.save(buffer, "MPO", save_all=True, append_images=[second])
    assert decode_header(buffer.getvalue(), "x").metadata.others == ("further pictures (MPF)",)
