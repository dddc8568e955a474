"""Hundreds of odd, damaged and lying image files: each is enlarged correctly or refused."""

import io
import json
import struct
import zlib
from contextlib import redirect_stderr, redirect_stdout

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from srcore.cli.main import main
from srcore.images import read_image
from srcore.testing.weights import write_weights

OPTIONS = {"num_features": 4, "num_blocks": 1}
SIZES = [
    (1, 1),
    (1, 2),
    (2, 1),
    (1, 17),
    (31, 1),
    (2, 2),
    (3, 5),
    (7, 16),
    (13, 13),
    (33, 20),
    (64, 3),
]
_KINDS = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def _random(seed, *shape, dtype=np.uint8):
    generator = np.random.default_rng(seed)
    return generator.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def _pillow(image, form, **options):
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def _good():
    """Yield (name, content, channels, dtype, size)."""
    for seed, (height, width) in enumerate(SIZES):
        size = (height, width)
        label = f"{height}x{width}"
        for channels, mode in _KINDS.items():
            pixels = _random(seed, height, width, channels)
            image = Image.fromarray(pixels[..., 0] if channels == 1 else pixels)
            assert image.mode == mode
            yield f"{mode}_{label}.png", _pillow(image, "PNG"), channels, np.uint8, size
            if channels != 2:
                yield f"{mode}_{label}.tif", _pillow(image, "TIFF"), channels, np.uint8, size
            if channels in (1, 3):
                yield f"{mode}_{label}.jpg", _pillow(image, "JPEG"), channels, np.uint8, size
                yield f"{mode}_{label}.bmp", _pillow(image, "BMP"), channels, np.uint8, size
            if channels > 2:
                content = _pillow(image, "WEBP", lossless=True)
                # WebP drops an alpha channel that is opaque everywhere; a random one is not.
                yield f"{mode}_{label}.webp", content, channels, np.uint8, size
                deep = _random(seed, height, width, channels, dtype=np.uint16)
                for suffix in ("png", "tiff"):
                    encoded = cv2.imencode(f".{suffix}", deep)[1].tobytes()
                    yield f"deep_{mode}_{label}.{suffix}", encoded, channels, np.uint16, size
        rgb = Image.fromarray(_random(seed, height, width, 3))
        deep = _random(seed, height, width, dtype=np.uint16)
        encoded = cv2.imencode(".png", deep)[1].tobytes()
        yield f"deep_L_{label}.png", encoded, 1, np.uint16, size
        yield f"palette_{label}.png", _pillow(rgb.quantize(7), "PNG"), 3, np.uint8, size
        yield f"cmyk_{label}.jpg", _pillow(rgb.convert("CMYK"), "JPEG"), 3, np.uint8, size
        yield f"jpeg_{label}.png", _pillow(rgb, "JPEG"), 3, np.uint8, size
        yield f"png_{label}.jpg", _pillow(rgb, "PNG"), 3, np.uint8, size
        yield f"progressive_{label}.jpeg", _pillow(rgb, "JPEG", progressive=True), 3, np.uint8, size
        yield f"bits_{label}.png", _pillow(rgb.convert("1"), "PNG"), 1, np.uint8, size


def _bad():
    """Yield (name, content)."""
    rgb = Image.fromarray(_random(0, 40, 50, 3))
    for suffix, form in (("png", "PNG"), ("jpg", "JPEG"), ("webp", "WEBP"), ("tif", "TIFF")):
        content = _pillow(rgb, form)
        for part in (0, 1, 7, 30, len(content) // 3, len(content) * 2 // 3, len(content) - 40):
            yield f"cut_{part}.{suffix}", content[:part]
    for number, content in enumerate(
        (b"text\n", b"\0" * 500, b"<html>", b"GIF89a", b"\x89PNG\r\n")
    ):
        yield f"nonsense_{number}.png", content
        yield f"nonsense_{number}.jpg", content
    for height, width in (
        (60_000, 60_000),
        (2**31 - 1, 1),
        (0, 5),
        (5, 0),
        (40_000, 30_000),
        (300, 200),
    ):
        yield f"lie_{height}x{width}.png", _png_with_header(height, width)
    jpeg = bytearray(_pillow(rgb, "JPEG"))
    start = jpeg.find(b"\xff\xc0") + 5
    jpeg[start : start + 4] = struct.pack(">HH", 65000, 65000)
    yield "lie.jpg", bytes(jpeg)
    yield "floats.tif", _pillow(Image.fromarray(np.ones((5, 5), np.float32)), "TIFF")


def _png_with_header(height, width):
    """A small PNG whose header promises other sides."""
    content = bytearray(_pillow(Image.fromarray(_random(1, 9, 9, 3)), "PNG"))
    content[16:24] = struct.pack(">II", height, width)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    return bytes(content)


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    """All files in one job: (exit code, report, lines on standard error, folder)."""
    folder = tmp_path_factory.mktemp("fuzz")
    torch.manual_seed(0)
    weights = folder / "tiny.safetensors"
    write_weights(weights, "edsr", **OPTIONS)
    (folder / "in").mkdir()
    for name, content, *_ in (*_good(), *_bad()):
        (folder / "in" / name).write_bytes(content)
    out, err = io.StringIO(), io.StringIO()
    arguments = [
        "upscale", str(folder / "in"), "--weights", str(weights), "--json", "--device", "cpu",
        "-o", str(folder / "out") + "/{name}.png",
    ]  # fmt: skip
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as caught:
        main(arguments)
    report = json.loads(out.getvalue())
    return caught.value.code, report, err.getvalue().splitlines(), folder


def test_there_are_hundreds_of_files():
    names = [name for name, *_ in (*_good(), *_bad())]
    assert len(set(names)) == len(names) >= 300


def test_every_good_image_is_enlarged_with_its_kind_and_size(outcome):
    _, report, _, folder = outcome
    failed = {entry["source"]: entry["message"] for entry in report["files"]}
    for name, _, channels, dtype, (height, width) in _good():
        path = folder / "out" / f"{name}.png"
        assert path.exists(), failed[str(folder / "in" / name)]
        result = read_image(path)
        assert result.shape == (2 * height, 2 * width, channels), name
        assert result.dtype == dtype, name


def test_every_bad_file_is_refused_in_one_line_that_names_it(outcome):
    code, report, lines, folder = outcome
    bad = [name for name, _ in _bad()]
    assert code == 1
    assert report["failed"] == len(bad)
    assert report["done"] == len(report["files"]) - len(bad)
    assert len(lines) == len(bad) + 2  # counts, and how quick it was
    messages = {entry["source"]: entry["message"] for entry in report["files"]}
    for name in bad:
        message = messages[str(folder / "in" / name)]
        assert name in message
        assert "\n" not in message
        assert f"srcore: {message}" in lines
        assert not (folder / "out" / f"{name}.png").exists()
    assert lines[-2].startswith(f"srcore: {report['done']} done, {report['failed']} failed: ")


def test_nothing_else_is_left_in_the_output_folder(outcome):
    _, report, _, folder = outcome
    assert len(list((folder / "out").iterdir())) == report["done"]
