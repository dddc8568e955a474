"""HEIF with HEVC pictures (HEIC), as phones write it; needs the package pillow-heif."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np

from srcore.errors import DataError
from srcore.images import exif
from srcore.images.format import (
    ImageArray,
    ImageFormat,
    ImageHeader,
    Where,
    damaged,
    unsupported,
)
from srcore.images.metadata import Metadata
from srcore.images.samples import stretched

_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_CHANNELS = {"L": 1, "I": 1, "LA": 2, "RGB": 3, "RGBA": 4}


class Heif(ImageFormat):
    """High efficiency image file format; read only, by its primary picture."""

    name = "HEIF"
    suffixes = (".heic", ".heif", ".hif")
    # A block of 64x64 pixels takes some bits at least.
    pixels_per_byte = 2**16

    def recognizes(self, start: bytes) -> bool:
        if start[4:8] != b"ftyp":
            return False
        (size,) = struct.unpack_from(">I", start)
        brands = start[8 : min(size, len(start))]
        return any(brand in brands for brand in _BRANDS)

    def header(self, file: BinaryIO, where: Where) -> ImageHeader:
        with _open_heif(file, where) as picture:
            mode, depth = picture.mode.split(";")[0], _depth(picture)
            if mode not in _CHANNELS:
                raise unsupported(where, f"HEIF with {picture.mode} pixels")
            width, height = picture.size
            exif_data = exif.without_exif_word(picture.info.get("exif"))
            # The container turns the picture; an orientation in the EXIF data only repeats it.
            return ImageHeader(
                height,
                width,
                8 if depth == 8 else 16,
                _CHANNELS[mode],
                working=_working(picture, depth, _CHANNELS[mode]),
                metadata=Metadata(
                    icc_profile=picture.info.get("icc_profile") or None,
                    exif=exif_data,
                    dpi=exif.resolution(exif_data),
                    others=_what_else(picture),
                ),
            )

    def decode(self, file: BinaryIO, header: ImageHeader, where: Where) -> ImageArray:
        file.seek(0)
        with _open_heif(file, where) as picture:
            pixels = np.asarray(_Writable(picture))
            depth = _depth(picture)
        pixels = pixels if pixels.ndim == 3 else pixels[..., None]
        if depth == 8:
            return pixels
        # libheif's samples were shifted up to 16 bits.
        pixels >>= 16 - depth
        return stretched(pixels, 2**depth - 1)


class _Writable:
    """Pixels in the memory of libheif, which pillow-heif gives for reading only.

    They are nobody else's, and a copy would take as much again.
    """

    def __init__(self, picture: Any) -> None:
        self._picture = picture  # keeps the memory
        self.__array_interface__ = dict(picture.__array_interface__)
        view = np.asarray(picture)
        self.__array_interface__.update(data=(view.ctypes.data, False), strides=view.strides)


def _what_else(picture: Any) -> tuple[str, ...]:
    """What else is in the file."""
    there = {
        "XMP": picture.info.get("xmp"),
        "further pictures": len(picture) > 1,
        "depth map": picture.info.get("depth_images"),
        "auxiliary pictures": picture.info.get("aux"),
    }
    return tuple(name for name, is_there in there.items() if is_there)


def _working(picture: Any, depth: int, channels: int) -> float:
    """See ``working`` of :class:`srcore.images.format.ImageHeader`.

    As phones write it: planes of libde265 and of libheif, which makes RGB of them at once. Of
    other kinds it makes RGB in several steps.
    """
    is_usual = depth == 8 and channels >= 3 and picture.info.get("chroma") == 420
    return 2.25 if is_usual else 4.5


def _depth(picture: Any) -> int:
    return int(picture.info.get("bit_depth", 8))


@contextmanager
def _open_heif(file: BinaryIO, where: Where) -> Iterator[Any]:
    try:
        import pillow_heif
    except ImportError:
        raise DataError(
            f"{where}: HEIC and HEIF need an optional package: pip install 'srcore[heif]'"
        ) from None
    try:
        yield pillow_heif.open_heif(file, convert_hdr_to_8bit=False)
    except (OSError, ValueError, EOFError, SyntaxError, RuntimeError, IndexError) as error:
        raise damaged(where, error) from error
