"""PNM of every kind and largest value against what was stored in it."""

import itertools

import numpy as np
import pytest

from srcore.errors import DataError
from srcore.images import decode_image

LARGEST = (1, 2, 3, 7, 15, 100, 254, 255, 256, 1000, 1023, 4095, 65534, 65535)
COMMENTS = (b"\n", b" ", b"\n# a comment with 12 34\n", b"#\n")
PAM = {1: b"GRAYSCALE", 2: b"GRAYSCALE_ALPHA", 3: b"RGB", 4: b"RGB_ALPHA"}


def build(kind, largest, comment, channels, seed):
    generator = np.random.default_rng(seed)
    height, width = (int(generator.integers(1, 20)) for _ in "hw")
    bitmap = kind in (1, 4)
    largest = 1 if bitmap else largest
    stored = generator.integers(0, largest + 1, (height, width, channels))
    sizes = b"P%d" % kind + comment + b"%d %d" % (width, height)
    head = sizes + (b"\n" if bitmap else comment + b"%d\n" % largest)
    if kind == 7:
        head = b"P7\n# %s\nWIDTH %d\nHEIGHT %d\nDEPTH %d\nMAXVAL %d\nTUPLTYPE %s\nENDHDR\n" % (
            comment.strip(b"#\n "),
            width,
            height,
            channels,
            largest,
            PAM[channels],
        )
    if kind == 4:
        body = np.packbits(stored[..., 0].astype(np.uint8), axis=1).tobytes()
    elif kind == 1:
        body = "".join(str(value) for value in stored.ravel()).encode()
    elif kind in (2, 3):
        body = b" ".join(b"%d" % value for value in stored.ravel()) + b"\n"
    else:
        body = stored.astype(">u2" if largest > 255 else np.uint8).tobytes()
    full = 65535 if largest > 255 else 255
    image = np.floor((1 - stored if bitmap else stored) * full / largest + 0.5)
    return head + body, image.astype(np.uint16 if full == 65535 else np.uint8)


def test_every_kind_is_read_as_it_was_stored(agrees):
    count = 0
    for kind, largest, comment in itertools.product(range(1, 8), LARGEST, COMMENTS):
        choices = (1, 2, 3, 4) if kind == 7 else (3,) if kind in (3, 6) else (1,)
        for channels in choices:
            content, image = build(kind, largest, comment, channels, count)
            agrees(content, image, (kind, largest, comment, channels))
            count += 1
    assert count == 560


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"P5\n2 2\n100\n\x64\x65\x00\x00", "larger than 100"),
        (b"P2\n2 2\n9\n1 2 3", "truncated"),
        (b"P2\n2 2\n9\n1 2 3 x", "no number"),
        (b"P6\n2 2\n255\n123456", "truncated"),
        (b"P5\n2 2\n70000\n" + bytes(8), "makes no sense"),
        (b"P5\n0 2\n255\n", "makes no sense"),
        (b"P5\n2", "a number is missing"),
        (b"PF\n2 2\n-1.0\n" + bytes(48), "float32 pixels"),
        (b"P7\nWIDTH 2\nHEIGHT 1\nDEPTH 5\nMAXVAL 255\nENDHDR\n" + bytes(10), "PAM of 5 channels"),
        (b"P7\nWIDTH 2\n", "header does not end"),
        (b"P7 332\n#XVVERSION:x\n", "thumbnail of XV"),
    ],
)
def test_what_cannot_be_read_is_named(content, message):
    with pytest.raises(DataError, match=rf"^x: .*{message}"):
        decode_image(content, "x")


def test_what_follows_the_first_picture_is_not_looked_at():
    assert decode_image(b"P5 1 1 255 \x07P5 1 1 255 \x08", "x").tolist() == [[[7]]]


@pytest.mark.parametrize(
    "head",
    [
        b"P5\n2 2\n255#the end\n",
        b"P5#begin\n2#width\n2#height\n255 ",
        b"P5\r\n2 2\r255\r",
        b"P7\nWIDTH\t2\n\n  HEIGHT   2\n# between\nDEPTH 1\nMAXVAL 255\nENDHDR\n",
    ],
)
def test_white_space_and_comments_may_be_anywhere_in_a_header(agrees, head):
    agrees(head + b"#\1\2\3", np.frombuffer(b"#\1\2\3", np.uint8).reshape(2, 2, 1), head)


@pytest.mark.parametrize("head", [b"P4\n2 2#c\n", b"P4 2 2\n"])
def test_a_bitmap_begins_behind_the_comment(agrees, head):
    agrees(head + b"\x80\x40", np.array([[[0], [255]], [[255], [0]]], np.uint8), head)


def test_comments_may_be_among_plain_samples(agrees):
    expected = np.array([[[28], [57]], [[85], [113]]], np.uint8)
    agrees(b"P2 2 2 9 #3\n1 2#4\n3 # 5\r4", expected, "comments")
