"""Content of image files -> arrays."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from srcore.errors import DataError
from srcore.files.opening import open_file
from srcore.images.format import ImageArray, ImageFormat, ImageHeader, Where
from srcore.images.header import header_of, unreadable
from srcore.machine.memory import free_memory_of_processor

# Sideways and mirrored photographs: value of the EXIF orientation -> (transposed, flips).
_ORIENTATIONS = {
    2: (False, (1,)),
    3: (False, (0, 1)),
    4: (False, (0,)),
    5: (True, ()),
    6: (True, (1,)),
    7: (True, (0, 1)),
    8: (True, (0,)),
}

#: Bytes of files that are read at once.
_SMALL_FILE = 1 << 21

#: Bytes for which nobody asks how much memory is free.
_ALWAYS_FINE = 1 << 28


GRAY_ALPHA, RGBA = 2, 4  # channels of arrays


def read_image(path: Path) -> ImageArray:
    """Decode a file to ``(H, W, C)``, keeping gray, alpha and 16 bits.

    The EXIF orientation is applied; palettes and CMYK become RGB; alpha is straight. What
    :func:`srcore.images.read_header` says of shape and depth is what is returned.

    Raises:
        DataError: names the file and says what is wrong with it: missing, empty, not an image,
            truncated, damaged, or of a kind that is not read exactly.
    """
    with opened_file(path) as file:
        return decode_open(file, path)


@contextmanager
def opened_file(path: Path) -> Iterator[BinaryIO]:
    """A file to read from.

    A small one is in memory: one call instead of many. Larger ones are not, since what is decoded
    needs the memory.

    Raises:
        DataError: the file cannot be opened, or, while it is used, not be read.
    """
    try:
        with open_file(path) as file:
            start = file.read(_SMALL_FILE)
            if len(start) < _SMALL_FILE:
                yield io.BytesIO(start)
                return
            del start
            yield file
    except OSError as error:
        raise unreadable(path, error) from error


def read_data(path: Path) -> bytes:
    """Content of a file.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        with open_file(path) as file:
            return file.read()
    except OSError as error:
        raise unreadable(path, error) from error


def read_rgb(path: Path) -> ImageArray:
    """Decode a file to RGB ``(H, W, 3)``: gray is repeated, alpha dropped. See read_image."""
    return to_rgb(read_image(path))


def decode_image(data: bytes, source: Where) -> ImageArray:
    """Decode the content of an image file; ``source`` is what errors name.

    The image is ``(H, W, C)``, uint8 or uint16.

    Raises:
        DataError: see :func:`read_image`.
    """
    return decode_open(io.BytesIO(data), source)


def decode_open(file: BinaryIO, source: Where) -> ImageArray:
    """Decode what an open file holds; see :func:`read_image`.

    The image is ``(H, W, C)``, uint8 or uint16.
    """
    image_format, header = header_of(file, source)
    refuse_lying(image_format, header, file, source)
    return _held_to(header, image_format.decode(file, header, source), source)


def verify_image(path: Path) -> ImageHeader:
    """Decode as :func:`read_image` and find damage that is passed over where speed counts.

    Raises:
        DataError: see :func:`read_image`.
    """
    with opened_file(path) as file:
        return _verify_open(file, path)


def verify_content(data: bytes, source: Where) -> ImageHeader:
    """Look for damage as :func:`verify_image` does; ``source`` is what errors name.

    Raises:
        DataError: see :func:`read_image`.
    """
    return _verify_open(io.BytesIO(data), source)


def _verify_open(file: BinaryIO, source: Where) -> ImageHeader:
    image_format, header = header_of(file, source)
    refuse_lying(image_format, header, file, source)
    _held_to(header, image_format.verify(file, header, source), source)
    return header


def _held_to(header: ImageHeader, pixels: ImageArray, source: Where) -> ImageArray:
    """The pixels turned upright, if they are what the header said."""
    if pixels.shape != header.stored_shape or pixels.dtype != header.dtype:
        raise DataError(
            f"{source}: its header promises {header.dtype} {header.stored_shape}, its pixels are "
            f"{pixels.dtype} {pixels.shape}; convert it with another program"
        )
    return upright_pixels(pixels, header.orientation)


def to_rgb(image: ImageArray) -> ImageArray:
    """``(H, W, 1..4)`` or ``(H, W)`` -> ``(H, W, 3)``: gray is repeated, alpha dropped."""
    if image.ndim == 2:
        image = image[..., None]
    if image.shape[-1] == 3:
        return image
    colors = image[..., :1] if image.shape[-1] < 3 else image[..., :3]
    return np.ascontiguousarray(np.broadcast_to(colors, (*colors.shape[:2], 3)))


def to_gray(image: ImageArray) -> ImageArray:
    """RGB ``(H, W, 3)`` -> luma ``(H, W, 1)`` of BT.601, of the same type.

    Whole numbers are rounded.
    """
    weights = np.array([0.299, 0.587, 0.114])
    luma = image @ weights
    is_whole = not np.issubdtype(image.dtype, np.floating)
    gray: ImageArray = (np.rint(luma) if is_whole else luma).astype(image.dtype)[..., None]
    return gray


def to_rgba(image: ImageArray) -> ImageArray:
    """``(H, W, 1..4)`` -> ``(H, W, 4)``: gray is repeated, what has no alpha is opaque."""
    if image.shape[-1] == RGBA:
        return image
    has_alpha = image.shape[-1] == GRAY_ALPHA
    is_whole = not np.issubdtype(image.dtype, np.floating)
    opaque = np.full_like(image[..., :1], np.iinfo(image.dtype).max if is_whole else 1)
    alpha = image[..., -1:] if has_alpha else opaque
    return np.concatenate([to_rgb(image), alpha], axis=-1)


def refuse_lying(
    image_format: ImageFormat, header: ImageHeader, file: BinaryIO, source: Where
) -> None:
    """Before a damaged or malicious file of some hundred bytes makes us allocate gigabytes.

    Raises:
        DataError: the header promises more pixels than the file, or memory, can hold.
    """
    limit, size = image_format.pixels_per_byte, file.seek(0, io.SEEK_END)
    if limit is not None and header.width * header.height > size * limit:
        raise DataError(
            f"{source}: its header promises {header.width}x{header.height} pixels, but {size} "
            "bytes cannot hold them; copy or download it again"
        )
    _refuse_huge(header, source)


def _refuse_huge(header: ImageHeader, source: Where) -> None:
    """Before a picture that memory cannot hold ends the program, or the machine's other ones."""
    needed = header.working * math.prod(header.stored_shape) * header.dtype.itemsize
    if needed < _ALWAYS_FINE:
        return
    free = free_memory_of_processor()
    if free is not None and needed > free:
        raise DataError(
            f"{source}: {header.width}x{header.height} pixels need {needed / 1e9:.1f} GB of "
            f"memory, of which {free / 1e9:.1f} GB are free; cut the picture into parts"
        )


def upright_pixels(pixels: ImageArray, orientation: int) -> ImageArray:
    """Stored pixels turned as the EXIF orientation (1 to 8) says.

    ``(H, W, C)`` -> ``(H, W, C)``, or ``(W, H, C)`` where it is turned by a quarter.
    """
    transposed, flips = _ORIENTATIONS.get(orientation, (False, ()))
    if transposed:
        pixels = pixels.swapaxes(0, 1)
    return np.require(np.flip(pixels, flips) if flips else pixels, None, ["C", "W"])
