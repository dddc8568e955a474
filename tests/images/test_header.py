"""What is known of a file before its pixels are decoded."""

import os

import cv2
import numpy as np
import pytest

from srcore.errors import DataError
from srcore.images import decode_header, image_size, png_text, read_header, write_image
from srcore.images.header import unreadable


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif", ".bmp"])
def test_size_channels_and_depth_are_said(tmp_path, suffix):
    file = tmp_path / f"a{suffix}"
    write_image(file, np.zeros((5, 7, 3), np.uint8))
    header = read_header(file)
    assert (header.height, header.width, header.channels) == (5, 7, 3)
    assert image_size(file) == (5, 7)
    assert decode_header(file.read_bytes(), "a") == header


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (b"\xff\x0a" + bytes(30), "JPEG XL"),
        (b"\0\0\0\x0cjP  " + bytes(30), "JPEG 2000"),
        (b"v/1\x01" + bytes(30), "OpenEXR"),
        (b"#?RADIANCE\n", "Radiance HDR"),
        (b"8BPS\0\1", r"Photoshop \(PSD\)"),
        (b"%PDF-1.7", "PDF"),
    ],
)
def test_pictures_of_foreign_formats_are_called_by_their_name(start, name):
    with pytest.raises(DataError, match=f"^x: {name} is not read; convert it with another program"):
        decode_header(start, "x")


def test_nothing_and_anything_are_told_apart():
    with pytest.raises(DataError, match=r"^x: the file is empty$"):
        decode_header(b"", "x")
    with pytest.raises(DataError, match=r"^x: not an image"):
        decode_header(b"hello, world", "x")


def test_only_png_files_have_a_text(tmp_path):
    _, content = cv2.imencode(".png", np.zeros((4, 4), np.uint8))
    (tmp_path / "a.png").write_bytes(content.tobytes())
    assert png_text(tmp_path / "a.png", "srcore") is None
    (tmp_path / "b.png").write_text("no image")
    with pytest.raises(DataError, match=r"b\.png: not an image"):
        png_text(tmp_path / "b.png", "srcore")


def test_why_a_file_cannot_be_read_is_said(tmp_path):
    file = tmp_path / "a"
    told = {code: str(unreadable(file, OSError(code, os.strerror(code)))) for code in (2, 21, 13)}
    assert told == {
        2: f"{file}: no such file",
        21: f"{file}: is a folder; expected an image file",
        13: f"{file}: cannot be read: Permission denied",
    }
