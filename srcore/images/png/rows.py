"""Decoding the first rows of a PNG file, so that rows below a crop cost nothing."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from PIL import Image

from srcore.images.format import ImageArray, Where, damaged, truncated
from srcore.images.pillow import open_in_pillow
from srcore.images.png.chunks import SIGNATURE

if TYPE_CHECKING:
    from srcore.data.cropping import Window


def decode_from_the_top(file: BinaryIO, window: Window, where: Where) -> ImageArray:
    """A part of a file of 8 bits without palette, transparency or interlacing.

    The part is ``(H, W, C)`` in 0..255.

    Damage below the part is not noticed, except that the file's end is missing.
    """
    file.seek(0)
    with open_in_pillow(file, "PNG", where) as image:
        [(codec, (left, top, right, bottom), offset, arguments)] = _tiles(image)
        # The decoder stops when its tile is full.
        shorter: Any = (codec, (left, top, right, min(bottom, window.bottom)), offset, arguments)
        tile_type = type(_tiles(image)[0])
        picture: Any = image
        picture.tile = [tile_type(*shorter) if hasattr(tile_type, "_fields") else shorter]
        part: ImageArray = np.asarray(
            image.crop((window.left, window.top, window.right, window.bottom))
        )
        _check_checksums(file, file.tell(), where)
    return part if part.ndim == 3 else part[..., None]


def _tiles(image: Image.Image) -> list[Any]:
    return list(getattr(image, "tile", ()))


def _check_checksums(file: BinaryIO, read: int, where: Where) -> None:
    """Checksums of the picture data that were read, at which Pillow does not look, and the end."""
    size, place = file.seek(0, 2), file.seek(len(SIGNATURE))
    while True:
        start = file.read(8)
        if len(start) < 8:
            raise truncated(where)
        length, name = _CHUNK.unpack(start)
        end = place + 12 + length
        if end > size:
            raise truncated(where)
        if name == b"IEND":
            return
        if name == b"IDAT" and place < read:
            checksum = zlib.crc32(name)
            while length:
                piece = file.read(min(length, _PIECE_BYTES))
                checksum = zlib.crc32(piece, checksum)
                length -= len(piece)
            if checksum != int.from_bytes(file.read(4), "big"):
                raise damaged(where, "wrong checksum of a chunk IDAT")
        else:
            file.seek(end)
        place = end


_CHUNK = struct.Struct(">I4s")
_PIECE_BYTES = 2**18
