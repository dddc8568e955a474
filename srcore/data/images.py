"""Image files <-> arrays.

An image is an array ``(H, W, C)``, uint8 or uint16; ``C`` says what it is: 1 gray, 2 gray + alpha,
3 RGB, 4 RGB + alpha. The range follows from the dtype, never from the largest value.
"""

from __future__ import annotations

import io
import os
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from srcore.atomic import write_bytes
from srcore.errors import DataError

ImageArray = NDArray[Any]

# Pillow refuses images above 179 megapixels as suspected attacks; phones take larger ones.
Image.MAX_IMAGE_PIXELS = None

#: What the number of channels means.
KINDS = {1: "gray", 2: "gray_alpha", 3: "rgb", 4: "rgb_alpha"}

#: Bits per channel and channels that a written format can hold.
_WRITABLE = {
    ".png": ((8, 16), (1, 2, 3, 4)),
    ".tif": ((8, 16), (1, 3, 4)),
    ".tiff": ((8, 16), (1, 3, 4)),
    ".webp": ((8,), (1, 3, 4)),
    ".jpg": ((8,), (1, 3)),
    ".jpeg": ((8,), (1, 3)),
    ".bmp": ((8,), (1, 3)),
}

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
_EXIF_ORIENTATION = 0x0112
_TIFF_BITS_PER_SAMPLE = 258
_PNG_COLOUR_TYPE = 25  # offset in the file
_PNG_GRAY_ALPHA = 4
# Modes of Pillow that OpenCV would decode to something else than their colours.
_PILLOW_DECODES = {"1": "L", "P": "RGB", "PA": "RGBA", "CMYK": "RGB", "YCbCr": "RGB", "LAB": "RGB"}


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
        raise _unreadable(path, error) from error


def decode_header(data: bytes, source: Path | str) -> ImageHeader:
    """Header of the content of an image file; ``source`` is what errors name."""
    with open_header(io.BytesIO(data), source) as image:
        return _header(image)


def image_size(path: Path) -> tuple[int, int]:
    """Height and width, by the header only. Raises DataError like :func:`read_header`."""
    header = read_header(path)
    return header.height, header.width


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
        raise _unreadable(path, error) from error


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
        orientation = 1 if image.format == "TIFF" else _orientation(image)
        return _oriented(pixels, orientation)


def to_rgb(image: ImageArray) -> ImageArray:
    """``(H, W, 1..4)`` or ``(H, W)`` -> ``(H, W, 3)``: gray is repeated, alpha dropped."""
    if image.ndim == 2:
        image = image[..., None]
    if image.shape[-1] == 3:
        return image
    colours = image[..., :1] if image.shape[-1] < 3 else image[..., :3]
    return np.ascontiguousarray(np.broadcast_to(colours, (*colours.shape[:2], 3)))


def write_image(
    path: Path,
    image: ImageArray,
    *,
    quality: int = 95,
    icc_profile: bytes | None = None,
    durable: bool = True,
) -> None:
    """Write ``(H, W, C)`` or ``(H, W)``, atomically; the suffix names the format.

    Args:
        path: PNG, JPEG, WebP, TIFF or BMP; an existing file is replaced.
        image: uint8 or uint16, gray, RGB, or with alpha.
        quality: of JPEG and WebP, 1 to 100; WebP is lossless at 100.
        icc_profile: colour profile to embed (PNG, JPEG, WebP, TIFF of 8 bits).
        durable: wait for the disk, see :func:`srcore.atomic.write_bytes`.

    Raises:
        DataError: the format cannot hold the image, or the file cannot be written.
    """
    encoded = encode_image(image, path.suffix, path, quality=quality, icc_profile=icc_profile)
    write_bytes(path, encoded, durable=durable)


def encode_image(
    image: ImageArray,
    suffix: str,
    source: Path | str = "image",
    *,
    quality: int = 95,
    icc_profile: bytes | None = None,
    may_overwrite: bool = False,
) -> bytes:
    """Content of a file with this suffix; arguments as in :func:`write_image`.

    ``may_overwrite`` allows to use the image's memory for the conversion of huge ones.
    """
    if image.ndim == 2:
        image = image[..., None]
    suffix = suffix.lower()
    _check_writable(image, suffix, source)
    if icc_profile is not None and suffix != ".png" and image.dtype == np.uint8:
        return _encode_by_pillow(image, suffix, quality, icc_profile)
    if image.shape[-1] == 2:
        content = _gray_alpha_png(image)
        return content if icc_profile is None else _with_png_profile(content, icc_profile)
    if image.shape[-1] >= 3:
        code = cv2.COLOR_RGB2BGR if image.shape[-1] == 3 else cv2.COLOR_RGBA2BGRA
        image = np.ascontiguousarray(image)
        image = cv2.cvtColor(image, code, dst=image if may_overwrite else None)
    # OpenCV writes lossless WebP above quality 100.
    webp_quality = 101 if quality == 100 else quality
    settings = {
        ".jpg": [cv2.IMWRITE_JPEG_QUALITY, quality],
        ".jpeg": [cv2.IMWRITE_JPEG_QUALITY, quality],
        ".webp": [cv2.IMWRITE_WEBP_QUALITY, webp_quality],
    }
    _, encoded = cv2.imencode(suffix, np.ascontiguousarray(image), settings.get(suffix, []))
    content = encoded.tobytes()
    if icc_profile is not None and suffix == ".png":
        content = _with_png_profile(content, icc_profile)
    return content


def with_png_text(content: bytes, keyword: str, text: str) -> bytes:
    """The content of a PNG file with a text of any language (iTXt) that :func:`png_text` reads."""
    chunk = _png_chunk(b"iTXt", keyword.encode("latin-1") + b"\0\0\0\0\0" + text.encode("utf-8"))
    return _after_png_header(content, chunk)


def png_text(path: Path, keyword: str) -> str | None:
    """A text that :func:`with_png_text` wrote, read without decoding pixels; None if absent.

    Raises:
        DataError: not there, empty, or not an image.
    """
    try:
        with open_header(path, path) as image:
            text = image.info.get(keyword)
    except OSError as error:
        raise _unreadable(path, error) from error
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
    if image.format != "TIFF" and _orientation(image) >= 5:
        width, height = height, width
    return ImageHeader(height, width, _bits(image), image.info.get("icc_profile"))


def _orientation(image: Image.Image) -> int:
    # Only where the header has it: getexif() of a PNG without would decode the pixels.
    if "exif" not in image.info and image.format != "TIFF":
        return 1
    return int(image.getexif().get(_EXIF_ORIENTATION, 1))


def _bits(image: Image.Image) -> int:
    if image.format == "TIFF":
        return int(max(image.tag_v2.get(_TIFF_BITS_PER_SAMPLE, (8,))))  # type: ignore[attr-defined]  # TiffImageFile
    if image.mode.startswith("I"):
        return 16
    tiles = getattr(image, "tile", ())
    return 16 if tiles and "16" in str(tiles[0][3]) else 8


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
    orientation = 1 if image.format == "TIFF" else _orientation(image)
    try:
        if _bits(image) > 8 or mode not in ("L", "LA", "RGB", "RGBA"):
            raise DataError(
                f"{source}: {image.mode} pixels of {_bits(image)} bits; expected gray or RGB of "
                "8 or 16 bits"
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


def _unreadable(path: Path, error: OSError) -> DataError:
    if isinstance(error, FileNotFoundError):
        return DataError(f"{path}: no such file")
    if isinstance(error, IsADirectoryError):
        return DataError(f"{path}: is a folder; expected an image file")
    return DataError(f"{path}: cannot be read: {error.strerror or error}")


def _check_writable(image: ImageArray, suffix: str, source: Path | str) -> None:
    if suffix not in _WRITABLE:
        raise DataError(
            f"{source}: cannot write {suffix or 'a file without a suffix'}; "
            f"use {', '.join(sorted(_WRITABLE))}"
        )
    if image.dtype not in (np.uint8, np.uint16) or image.ndim != 3 or not image.size:
        raise DataError(
            f"{source}: expected a uint8 or uint16 image (H, W, C), "
            f"found {image.dtype} of shape {image.shape}"
        )
    bits, channels = _WRITABLE[suffix]
    if image.itemsize * 8 not in bits:
        raise DataError(f"{source}: {suffix} holds 8 bits per channel only; use .png or .tif")
    if image.shape[-1] not in channels:
        kind = KINDS.get(image.shape[-1], f"{image.shape[-1]} channels")
        raise DataError(f"{source}: {suffix} cannot hold {kind}; use .png")


def _encode_by_pillow(image: ImageArray, suffix: str, quality: int, profile: bytes) -> bytes:
    formats = {".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".tif": "TIFF", ".tiff": "TIFF"}
    buffer = io.BytesIO()
    pixels = image[..., 0] if image.shape[-1] == 1 else image
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    settings: dict[str, Any] = {"quality": quality} if suffix not in (".tif", ".tiff") else {}
    if suffix == ".webp":
        settings["lossless"] = quality == 100
    picture.save(buffer, formats.get(suffix, "BMP"), icc_profile=profile, **settings)
    return buffer.getvalue()


def _gray_alpha_png(image: ImageArray) -> bytes:
    """PNG of colour type 4, which OpenCV cannot write and Pillow only with 8 bits."""
    height, width, _ = image.shape
    rows = image.astype(image.dtype.newbyteorder(">")).view(np.uint8).reshape(height, -1)
    unfiltered = np.pad(rows, ((0, 0), (1, 0)))  # every row starts with its filter: 0, none
    header = struct.pack(">IIBBBBB", width, height, image.itemsize * 8, 4, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _png_chunk(b"IHDR", header)
        + _png_chunk(b"IDAT", zlib.compress(unfiltered.tobytes()))
        + _png_chunk(b"IEND", b"")
    )


def _with_png_profile(content: bytes, profile: bytes) -> bytes:
    """Insert an iCCP chunk (OpenCV writes none, Pillow no 16-bit RGB)."""
    chunk = _png_chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(profile))
    return _after_png_header(content, chunk)


def _after_png_header(content: bytes, chunk: bytes) -> bytes:
    end_of_header = 33  # signature 8, length 4, "IHDR" 4, content 13, checksum 4
    return content[:end_of_header] + chunk + content[end_of_header:]


def _png_chunk(name: bytes, content: bytes) -> bytes:
    length, checksum = (
        struct.pack(">I", len(content)),
        struct.pack(">I", zlib.crc32(name + content)),
    )
    return length + name + content + checksum
