"""What an image file says before its pixels are decoded."""

from __future__ import annotations

import io
from pathlib import Path
from typing import BinaryIO

from srcore.errors import DataError
from srcore.files.opening import open_file
from srcore.images.format import ImageFormat, ImageHeader, Where
from srcore.images.formats import START_BYTES, recognized
from srcore.images.png.chunks import read_text

#: First bytes of pictures that people have and that are not read.
_FOREIGN = {
    b"\xff\x0a": "JPEG XL",
    b"\0\0\0\x0cJXL ": "JPEG XL",
    b"\0\0\0\x0cjP  ": "JPEG 2000",
    b"\xff\x4f\xff\x51": "JPEG 2000",
    b"v/1\x01": "OpenEXR",
    b"#?RADIANCE": "Radiance HDR",
    b"8BPS": "Photoshop (PSD)",
    b"%PDF": "PDF",
}


def read_header(path: Path) -> ImageHeader:
    """Read size, depth, channels and metadata without decoding pixels (some 30 microseconds).

    :func:`srcore.images.read_image` returns what this says, or refuses the file.

    Raises:
        DataError: not there, empty, not an image, or one that is not read.
    """
    try:
        with open_file(path) as file:
            return header_of(file, path)[1]
    except OSError as error:
        raise unreadable(path, error) from error


def decode_header(data: bytes, source: Where) -> ImageHeader:
    """Header of the content of an image file; ``source`` is what errors name."""
    return header_of(io.BytesIO(data), source)[1]


def image_size(path: Path) -> tuple[int, int]:
    """Height and width, by the header only.

    Raises:
        DataError: the header cannot be read; see :func:`read_header`.
    """
    header = read_header(path)
    return header.height, header.width


def png_text(path: Path, keyword: str) -> str | None:
    """A text of ``with_png_text``, read without decoding pixels; None if it is not there.

    Raises:
        DataError: not there, empty, or not an image.
    """
    read_header(path)
    try:
        with open_file(path) as file:
            return read_text(file, keyword)
    except OSError as error:
        raise unreadable(path, error) from error


def header_of(file: BinaryIO, where: Where) -> tuple[ImageFormat, ImageHeader]:
    """Format and header of a file.

    Raises:
        DataError: empty, not an image, or one that is not read.
    """
    file.seek(0)
    start = file.read(START_BYTES)
    if not start:
        raise DataError(f"{where}: the file is empty")
    image_format = recognized(start)
    if image_format is None:
        foreign = next((name for sign, name in _FOREIGN.items() if start.startswith(sign)), None)
        if foreign is not None:
            raise DataError(f"{where}: {foreign} is not read; convert it with another program")
        raise DataError(f"{where}: not an image (or of an unknown format)")
    file.seek(0)
    return image_format, image_format.header(file, where)


def unreadable(path: Path, error: OSError) -> DataError:
    """What to raise for a file that cannot be opened or read."""
    if isinstance(error, FileNotFoundError):
        return DataError(f"{path}: no such file")
    if isinstance(error, IsADirectoryError):
        return DataError(f"{path}: is a folder; expected an image file")
    return DataError(f"{path}: cannot be read: {error.strerror or error}")
