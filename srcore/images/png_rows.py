"""Decoding the first rows of a PNG file, so that rows below a crop cost nothing."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

from srcore.images.format import ImageArray, Where, damaged
from srcore.images.pillow import opened
from srcore.images.png_chunks import SIGNATURE


def decode_first_rows(data: bytes, stop: int, where: Where) -> ImageArray:
    """The first ``stop`` rows of a file of 8 bits without palette, transparency or interlacing.

    Damage below these rows is not noticed.
    """
    file = io.BytesIO(data)
    with opened(file, "PNG", where) as image:
        [(codec, (left, top, right, bottom), offset, arguments)] = _tiles(image)
        # The decoder stops when its tile is full.
        shorter: Any = (codec, (left, top, right, min(bottom, stop)), offset, arguments)
        tile_type = type(_tiles(image)[0])
        picture: Any = image
        picture.tile = [tile_type(*shorter) if hasattr(tile_type, "_fields") else shorter]
        rows: ImageArray = np.asarray(image.crop((0, 0, image.width, min(stop, image.height))))
        _check(data, file.tell(), where)
    return rows if rows.ndim == 3 else rows[..., None]


def _tiles(image: Image.Image) -> list[Any]:
    return list(getattr(image, "tile", ()))


def _check(data: bytes, read: int, where: Where) -> None:
    """Checksums of the chunks of picture data that were read: Pillow does not look at them."""
    view, place = memoryview(data), len(SIGNATURE)
    while place < read:
        length, name = struct.unpack_from(">I4s", data, place)
        end = place + 12 + length
        checksum = int.from_bytes(data[end - 4 : end], "big")
        if name == b"IDAT" and zlib.crc32(view[place + 4 : end - 4]) != checksum:
            raise damaged(where, "wrong checksum of a chunk IDAT")
        place = end
