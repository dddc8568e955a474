"""PNG files by the chunk: what OpenCV and Pillow cannot write.

Sections of the PNG specification (W3C, third edition) are named where bytes come from.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from srcore.images.metadata import Metadata

SIGNATURE = b"\x89PNG\r\n\x1a\n"

#: Number of channels -> color type (section 11.2.1).
_COLOR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
_END_OF_HEADER = 33  # signature 8, length 4, "IHDR" 4, content 13, checksum 4


def chunk(name: bytes, content: bytes) -> bytes:
    """Length, name, content and checksum (section 5.3)."""
    checksum = zlib.crc32(content, zlib.crc32(name))
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)


def png_start(height: int, width: int, channels: int, dtype: np.dtype[Any]) -> bytes:
    """Signature and IHDR of an image of 1 to 4 channels, uint8 or uint16."""
    depth, color_type = 8 * dtype.itemsize, _COLOR_TYPES[channels]
    sizes = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, 0)
    return SIGNATURE + chunk(b"IHDR", sizes)


def profile_chunk(icc_profile: bytes) -> bytes:
    """The iCCP chunk of a color profile."""
    return chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(icc_profile))


def describing(metadata: Metadata) -> bytes:
    """Chunks of colors, EXIF data and resolution, in an order that the specification allows."""
    parts = [chunk(name, content) for name, content in metadata.png_color]
    if metadata.icc_profile is not None:
        # A profile and sRGB exclude each other (section 11.3.2.3).
        parts = [part for part in parts if part[4:8] != b"sRGB"]
        parts.append(profile_chunk(metadata.icc_profile))
    if metadata.dpi is not None:
        per_metre = [round(value / 0.0254) for value in metadata.dpi]
        parts.append(chunk(b"pHYs", struct.pack(">IIB", *per_metre, 1)))
    if metadata.exif is not None:
        parts.append(chunk(b"eXIf", metadata.exif))
    return b"".join(parts)


def with_png_text(content: bytes, keyword: str, text: str) -> bytes:
    """The content of a PNG file with a text of any language (iTXt) that ``png_text`` reads."""
    encoded = keyword.encode("latin-1") + b"\0\0\0\0\0" + text.encode("utf-8")
    return after_header(content, chunk(b"iTXt", encoded))


def read_text(file: BinaryIO, keyword: str) -> str | None:
    """The text that :func:`with_png_text` wrote; None if there is none."""
    wanted = keyword.encode("latin-1") + b"\0\0\0\0\0"
    file.seek(len(SIGNATURE))
    while len(start := file.read(8)) == 8:
        length, name = struct.unpack(">I4s", start)
        if name == b"iTXt":
            content = file.read(length)
            if content.startswith(wanted):
                return content[len(wanted) :].decode("utf-8", "replace")
            file.seek(4, 1)
        elif name == b"IDAT":
            return None
        else:
            file.seek(length + 4, 1)
    return None


def gray_alpha(image: NDArray[Any], level: int | None = None) -> bytes:
    """``(H, W, 2)`` as color type 4, which OpenCV cannot write and Pillow only with 8 bits."""
    height, width, channels = image.shape
    rows = image.astype(image.dtype.newbyteorder(">")).view(np.uint8).reshape(height, -1)
    unfiltered = np.pad(rows, ((0, 0), (1, 0)))  # every row starts with its filter: 0, none
    return (
        png_start(height, width, channels, image.dtype)
        + chunk(b"IDAT", zlib.compress(unfiltered.tobytes(), -1 if level is None else level))
        + chunk(b"IEND", b"")
    )


def after_header(content: bytes, new: bytes) -> bytes:
    """The content of a PNG file with further chunks before all but its header."""
    return content[:_END_OF_HEADER] + new + content[_END_OF_HEADER:]
