"""Animations and documents of pages under ``srcore upscale``."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from srcore.images import read_image, write_image


def _frames(number=3, size=(9, 7)):
    generator = np.random.default_rng(0)
    return [generator.integers(0, 256, (*size, 3), np.uint8) for _ in range(number)]


def _animate(name, frames, **options):
    first, *others = (Image.fromarray(frame) for frame in frames)
    times = [40 + 50 * index for index in range(len(frames))]
    first.save(name, save_all=True, append_images=others, duration=times, loop=0, **options)


@pytest.mark.parametrize("source", ["in.png", "in.gif", "in.webp"])
@pytest.mark.parametrize("output", ["out.png", "out.webp"])
def test_all_frames_of_an_animation_are_enlarged_and_keep_their_times(upscale, source, output):
    _animate(source, _frames())
    code, _, err = upscale(source, "-o", output)
    assert (code, err) == (
        0,
        f"srcore: {source}: all 3 frames enlarged; --frames first takes one\n",
    )
    with Image.open(output) as image:
        assert (image.n_frames, image.size, image.info["loop"]) == (3, (14, 18), 0)
        times = []
        for index in range(3):
            image.seek(index)
            image.load()
            times.append(image.info["duration"])
    assert times == [40, 90, 140]


def test_an_animated_gif_becomes_one(upscale):
    _animate("in.gif", _frames())
    code, out, err = upscale("in.gif", "-o", "out/", "--format", "same")
    assert (code, out) == (0, "out/in.gif\n")
    assert err == (
        "srcore: in.gif: all 3 frames enlarged; --frames first takes one\n"
        "srcore: not kept, with numbers of files: more than 256 colors per picture (1)\n"
    )
    with Image.open("out/in.gif") as image:
        assert (image.n_frames, image.size, image.info["loop"]) == (3, (14, 18), 0)
    assert upscale("in.gif", "-o", "out/", "--format", "same", "--resume")[0] == 0


def test_a_frame_is_enlarged_as_it_would_be_alone(upscale):
    frames = _frames()
    _animate("in.png", frames)
    write_image(Path("second.png"), frames[1])
    assert upscale("in.png", "-o", "all.png")[0] == upscale("second.png", "-o", "one.png")[0] == 0
    with Image.open("all.png") as image:
        image.seek(1)
        np.testing.assert_array_equal(np.asarray(image), read_image(Path("one.png")))


def test_all_pages_of_a_document_are_enlarged(upscale):
    pages = [Image.fromarray(frame) for frame in (*_frames(2), *_frames(1, (5, 30)))]
    pages[0].save("in.tif", save_all=True, append_images=pages[1:])
    assert upscale("in.tif", "-o", "out.tif", "--frames", "all")[0] == 0
    with Image.open("out.tif") as image:
        assert image.n_frames == 3
        image.seek(2)
        assert image.size == (60, 10)


@pytest.mark.parametrize(
    ("source", "output", "message"),
    [
        ("in.gif", "out.jpg", ".jpg holds no animations; use .avif or .gif or .png or .webp"),
        ("in.png", "out.tif", ".tif holds no animations; use .avif or .gif or .png or .webp"),
        ("in.tif", "out.png", ".png holds no pages; use .tif"),
    ],
)
def test_frames_that_the_output_does_not_hold_are_said(upscale, source, output, message):
    _animate(source, _frames()) if source != "in.tif" else Image.fromarray(_frames()[0]).save(
        source, save_all=True, append_images=[Image.fromarray(_frames()[1])] * 2
    )
    code, _, err = upscale(source, "-o", output)
    assert code == 0
    assert err == (
        f"srcore: {source}: 2 of 3 frames or pages left out: {message}, and --frames all; "
        "--frames first takes the first without this line\n"
    )
    assert upscale(source, "-o", output, "--overwrite", "--frames", "first")[::2] == (0, "")
    code, _, err = upscale(source, "-o", output, "--overwrite", "--frames", "all")
    assert code == 1
    assert f"{source}: {message}, or --frames first (3 pictures)" in err


def test_how_often_an_animation_is_shown_is_kept_or_said(upscale):
    frames = [Image.fromarray(frame) for frame in _frames()]
    frames[0].save("in.webp", save_all=True, append_images=frames[1:], duration=50, loop=3)
    assert "how often" not in upscale("in.webp", "-o", "out.png")[2]
    err = upscale("in.webp", "-o", "out.avif")[2]
    assert "not kept, with numbers of files: how often an animation is shown (1)" in err


def test_animations_of_16_bits_are_written_with_8_if_asked(upscale):
    def chunk(name, held):
        return (
            struct.pack(">I", len(held)) + name + held + struct.pack(">I", zlib.crc32(name + held))
        )

    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 7, 9, 16, 2, 0, 0, 0))
    content += chunk(b"acTL", struct.pack(">II", 2, 0))
    for number, before in enumerate((b"", bytes(4))):
        rows = zlib.compress(9 * (b"\0" + bytes([90 * number]) * 42))
        control = struct.pack(">5IHHBB", number, 7, 9, 0, 0, 1, 10, 0, 0)
        content += chunk(b"fcTL", control) + chunk(b"fdAT" if number else b"IDAT", before + rows)
    Path("in.png").write_bytes(content + chunk(b"IEND", b""))
    code, _, err = upscale("in.png", "-o", "out.png")
    assert code == 0
    assert "1 of 2 frames or pages left out: animations hold 8 bits per channel" in err
    assert upscale("in.png", "-o", "all.png", "--depth", "8")[0] == 0
    with Image.open("all.png") as image:
        assert (image.n_frames, image.size) == (2, (14, 18))


def test_animations_beyond_the_memory_are_refused(upscale, monkeypatch):
    monkeypatch.setattr("srcore.upscaling.frames._LARGEST_SERIES", 1000)
    _animate("in.png", _frames())
    code, _, err = upscale("in.png")
    assert code == 1
    assert "3 pictures of 14x18 are too many for one file; use --frames first" in err
