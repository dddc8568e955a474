"""What an image file says before its pixels are decoded."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
from PIL import Image, UnidentifiedImageError

from srcore.errors import DataError

# Pillow refuses images above 179 megapixels as suspected attacks; phones take larger ones.
Image.MAX_IMAGE_PIXELS = None

_EXIF_ORIENTATION = 0x0112
_TIFF_BITS_PER_SAMPLE = 258


@attrs.frozen
class ImageHeader:
    """What a file says before its pixels are decoded.

    Attributes:
        height: rows, after the EXIF orientation.
        width: columns, after the EXIF orientation.
        bits: per channel, 8 or 16; others cannot be read.
        icc_profile: colour profile, None if there is none (sRGB is meant).
    """

    height: int
    width: int
    bits: int
    icc_profile: bytes | None = attrs.field(default=None, repr=False)


def read_header(path: Path) -> ImageHeader:
    """Read size, depth and colour profile without decoding pixels (some 30 microseconds).

    Raises:
        DataError: not there, empty, or not an image.
    """
    try:
        with open_header(path, path) as image:
            return _header(image)
    except OSError as error:
        raise unreadable(path, error) from error


def decode_header(data: bytes, source: Path | str) -> ImageHeader:
    """Header of the content of an image file; ``source`` is what errors name."""
    with open_header(io.BytesIO(data), source) as image:
        return _header(image)


def image_size(path: Path) -> tuple[int, int]:
    """Height and width, by the header only. Raises DataError like :func:`read_header`."""
    header = read_header(path)
    return header.height, header.width


def png_text(path: Path, keyword: str) -> str | None:
    """A text of ``with_png_text``, read without decoding pixels; None if it is not there.

    Raises:
        DataError: not there, empty, or not an image.
    """
    try:
        with open_header(path, path) as image:
            text = image.info.get(keyword)
    except OSError as error:
        raise unreadable(path, error) from error
    return str(text) if text is not None else None


@contextmanager
def open_header(file: Path | io.BytesIO, source: Path | str) -> Iterator[Image.Image]:
    """A file in Pillow, its header read and its pixels not.

    Raises:
        DataError: empty, not an image, or a header that makes no sense.
    """
    size = file.getbuffer().nbytes if isinstance(file, io.BytesIO) else os.path.getsize(file)
    if size == 0:
        raise DataError(f"{source}: the file is empty")
    try:
        with warnings.catch_warnings():
            # What Pillow only warns of (odd metadata) does not concern the pixels.
            warnings.simplefilter("ignore", UserWarning)
            image = Image.open(file)
    except UnidentifiedImageError:
        raise DataError(f"{source}: not an image (or of an unknown format)") from None
    except (OSError, SyntaxError, ValueError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise DataError(f"{source}: the image is damaged or truncated: {error}") from error
    with image:
        yield image


def _header(image: Image.Image) -> ImageHeader:
    width, height = image.size
    if image.format != "TIFF" and exif_orientation(image) >= 5:
        width, height = height, width
    return ImageHeader(height, width, bits_per_channel(image), image.info.get("icc_profile"))


def exif_orientation(image: Image.Image) -> int:
    """1 (upright) to 8, by the EXIF data."""
    # Only where the header has it: getexif() of a PNG without would decode the pixels.
    if "exif" not in image.info and image.format != "TIFF":
        return 1
    return int(image.getexif().get(_EXIF_ORIENTATION, 1))


def bits_per_channel(image: Image.Image) -> int:
    """Of the file; Pillow's mode does not always say."""
    if image.format == "TIFF":
        return int(max(image.tag_v2.get(_TIFF_BITS_PER_SAMPLE, (8,))))  # type: ignore[attr-defined]  # TiffImageFile
    if image.mode.startswith("I"):
        return 16
    tiles = getattr(image, "tile", ())
    return 16 if tiles and "16" in str(tiles[0][3]) else 8


def unreadable(path: Path, error: OSError) -> DataError:
    """What to raise for a file that cannot be opened or read."""
    if isinstance(error, FileNotFoundError):
        return DataError(f"{path}: no such file")
    if isinstance(error, IsADirectoryError):
        return DataError(f"{path}: is a folder; expected an image file")
    return DataError(f"{path}: cannot be read: {error.strerror or error}")
