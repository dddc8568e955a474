"""Content of image files -> arrays."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from srcore.errors import DataError
from srcore.images.header import bits_per_channel, exif_orientation, open_header, unreadable

ImageArray = NDArray[Any]

# Pixels that one byte of a file can stand for at most. PNG: deflate makes data 1032 times smaller,
# and a byte holds 8 pixels of 1 bit. JPEG: 1 bit per block of 8x8. TIFF: LZW and pixels of 1 bit.
_PIXELS_PER_BYTE = {
    "PNG": 8 * 1032,
    "JPEG": 512,
    "MPO": 512,
    "BMP": 128,
    "PPM": 8,
    "TIFF": 8 * 2800,
}

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

_PNG_COLOUR_TYPE = 25  # offset in the file
_PNG_GRAY_ALPHA = 4

# Modes of Pillow that OpenCV would decode to something else than their colours.
_PILLOW_DECODES = {"1": "L", "P": "RGB", "PA": "RGBA", "CMYK": "RGB", "YCbCr": "RGB", "LAB": "RGB"}


def read_image(path: Path) -> ImageArray:
    """Decode a file to ``(H, W, C)``, keeping gray, alpha and 16 bits.

    The EXIF orientation is applied; palettes and CMYK become RGB.

    Raises:
        DataError: names the file and says what is wrong with it: missing, empty, not an image,
            truncated, or other than 8 or 16 bits per channel.
    """
    return decode_image(read_data(path), path)


def read_data(path: Path) -> bytes:
    """Content of a file. Raises DataError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error


def read_rgb(path: Path) -> ImageArray:
    """Decode a file to RGB ``(H, W, 3)``: gray is repeated, alpha dropped. See read_image."""
    return to_rgb(read_image(path))


def decode_image(data: bytes, source: Path | str) -> ImageArray:
    """Decode the content of an image file; ``source`` is what errors name.

    Raises:
        DataError: see :func:`read_image`.
    """
    with open_header(io.BytesIO(data), source) as image:
        if not is_complete(data, image.format):
            raise DataError(f"{source}: the image is truncated; copy or download it again")
        _refuse_lying_header(image, len(data), source)
        if image.mode in _PILLOW_DECODES:
            return _decode_by_pillow(image, source)
        pixels = _decode_by_opencv(data, source)
        if pixels is None:
            return _decode_by_pillow(image, source)
        if image.format == "PNG" and data[_PNG_COLOUR_TYPE] == _PNG_GRAY_ALPHA:
            pixels = pixels[..., [0, 3]]
        # OpenCV turns TIFF files itself.
        orientation = 1 if image.format == "TIFF" else exif_orientation(image)
        return _oriented(pixels, orientation)


def to_rgb(image: ImageArray) -> ImageArray:
    """``(H, W, 1..4)`` or ``(H, W)`` -> ``(H, W, 3)``: gray is repeated, alpha dropped."""
    if image.ndim == 2:
        image = image[..., None]
    if image.shape[-1] == 3:
        return image
    colours = image[..., :1] if image.shape[-1] < 3 else image[..., :3]
    return np.ascontiguousarray(np.broadcast_to(colours, (*colours.shape[:2], 3)))


def is_complete(data: bytes, image_format: str | None) -> bool:
    """Whether a file's end is there: OpenCV before 5 fills what is missing with gray."""
    if image_format == "PNG":
        return b"IEND" in data[-4096:]
    if image_format in ("JPEG", "MPO"):
        return data.rfind(b"\xff\xd9") > data.rfind(b"\xff\xda")
    return True


def _refuse_lying_header(image: Image.Image, size: int, source: Path | str) -> None:
    """Before a damaged or malicious file of some hundred bytes makes us allocate gigabytes."""
    width, height = image.size
    if width * height > size * _PIXELS_PER_BYTE.get(image.format or "", width * height):
        raise DataError(
            f"{source}: its header promises {width}x{height} pixels, but {size} bytes cannot hold "
            "them; copy or download it again"
        )


def _decode_by_opencv(data: bytes, source: Path | str) -> ImageArray | None:
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:  # a format that this build of OpenCV does not know
        return None
    if pixels is None:
        return None
    if pixels.dtype not in (np.uint8, np.uint16):
        raise DataError(f"{source}: {pixels.dtype} pixels; expected 8 or 16 bits per channel")
    if pixels.ndim == 2:
        return pixels[..., None]
    if pixels.shape[-1] == 3:
        return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB, dst=pixels)
    return cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGBA, dst=pixels)


def _decode_by_pillow(image: Image.Image, source: Path | str) -> ImageArray:
    """Decode what OpenCV cannot; says why if that is because the file is broken."""
    mode = _PILLOW_DECODES.get(image.mode, image.mode)
    if image.mode == "P" and "transparency" in image.info:
        mode = "RGBA"
    orientation = 1 if image.format == "TIFF" else exif_orientation(image)
    try:
        if bits_per_channel(image) > 8 or mode not in ("L", "LA", "RGB", "RGBA"):
            raise DataError(
                f"{source}: {image.mode} pixels of {bits_per_channel(image)} bits; expected gray "
                "or RGB of 8 or 16 bits"
            )
        pixels = np.array(image.convert(mode))
    except (OSError, SyntaxError, ValueError) as error:
        raise DataError(f"{source}: the image is damaged or truncated: {error}") from error
    return _oriented(pixels if pixels.ndim == 3 else pixels[..., None], orientation)


def _oriented(pixels: ImageArray, orientation: int) -> ImageArray:
    transposed, flips = _ORIENTATIONS.get(orientation, (False, ()))
    if transposed:
        pixels = pixels.swapaxes(0, 1)
    return np.ascontiguousarray(np.flip(pixels, flips) if flips else pixels)
