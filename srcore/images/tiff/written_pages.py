"""Content of TIFF files: pages in strips, as most programs write and all read them."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Sequence
from itertools import accumulate
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from srcore.errors import DataError
from srcore.images.format import ImageArray
from srcore.images.metadata import Metadata
from srcore.images.tiff import rows as tiff_rows
from srcore.images.tiff.directory import (
    LONG,
    SHORT,
    read_directory,
    read_start,
    value_of,
    write_directories,
)
from srcore.images.tiff.layout import BLACK_IS_ZERO, RGB, STRAIGHT
from srcore.images.tiff.metadata import MetadataFields, fields_of

#: How strips are packed, by name.
Compression = Literal["deflate", "lzw", "none"]
_CODES = {"deflate": tiff_rows.DEFLATE[0], "lzw": tiff_rows.LZW, "none": tiff_rows.NONE}
#: Of pixels: offsets have 32 bits, and how far pixels shrink is known too late.
LARGEST_BYTES = 2**32 - 2**24
_STRIP_BYTES = 2**18
_COMPRESSION_LEVEL = 6


def encoded_pages(
    images: Sequence[ImageArray], metadata: Metadata, compression: Compression
) -> bytes:
    """Pages one after the other, each with its directory behind its strips.

    Every page is ``(H, W, C)``, uint8 or uint16.
    """
    described = fields_of(metadata)
    order = described.order
    content = bytearray(b"II*\0" if order == "<" else b"MM\0*")
    link = len(content)  # where the place of the next directory is written
    content += bytes(4)
    for image in images:
        strips, directory, place = _page_bytes(image, described, len(content), compression)
        struct.pack_into(f"{order}I", content, link, place)
        for strip in strips:
            content += strip
        content += bytes(place - len(content)) + directory
        content += bytes(len(content) % 2)
        link = place + 2 + 12 * int(struct.unpack_from(f"{order}H", directory)[0])
    return bytes(content)


def _pack_rows(rows: NDArray[np.uint8], compression: Compression) -> bytes:
    if compression == "none":
        return rows.tobytes()
    if compression == "deflate":
        return zlib.compress(rows.tobytes(), _COMPRESSION_LEVEL)
    # By libtiff, as a gray picture of one strip, out of which the strip is taken.
    file = io.BytesIO()
    settings = {"compression": "tiff_lzw", "strip_size": 2 * rows.size}
    Image.fromarray(rows).save(file, "TIFF", **settings)
    start = read_start(file)
    fields, _ = read_directory(file, start, start.first)
    (place,), (length,) = (fields[tag].integers(start.order) for tag in (273, 279))
    return file.getvalue()[place : place + length]


def _page_bytes(
    image: ImageArray, described: MetadataFields, start: int, compression: Compression
) -> tuple[list[bytes], bytes, int]:
    """Strips of packed differences, or of plain rows.

    They are to lie at ``start``. Also the directory, and where it is to lie.
    """
    height, width, channels = image.shape
    order = described.order
    dtype = np.dtype(f"{order}u{image.itemsize}")
    step = max(1, _STRIP_BYTES // (width * channels * image.itemsize))
    strips = []
    for top in range(0, height, step):
        part = image[top : top + step]
        if compression != "none":
            part = np.concatenate([part[:, :1], part[:, 1:] - part[:, :-1]], axis=1)
        rows = part.astype(dtype, order="C", copy=False).reshape(len(part), -1).view(np.uint8)
        strips.append(_pack_rows(rows, compression))
    lengths = [len(strip) for strip in strips]
    offsets = [start, *(start + it for it in accumulate(lengths[:-1]))]
    place = start + sum(lengths)
    place += place % 2
    if place >= 2**32 - 2**20:
        raise DataError("TIFF holds at most 4 GiB; use .png")
    fields = {
        **described.fields,
        256: value_of(order, LONG, width),
        257: value_of(order, LONG, height),
        258: value_of(order, SHORT, *[8 * image.itemsize] * channels),
        259: value_of(order, SHORT, _CODES[compression]),
        262: value_of(order, SHORT, RGB if channels >= 3 else BLACK_IS_ZERO),
        273: value_of(order, LONG, *offsets),
        277: value_of(order, SHORT, channels),
        278: value_of(order, LONG, step),
        279: value_of(order, LONG, *lengths),
        284: value_of(order, SHORT, 1),
    }
    if compression != "none":
        fields[317] = value_of(order, SHORT, 2)
    if channels in (2, 4):
        fields[338] = value_of(order, SHORT, STRAIGHT)
    return strips, write_directories(order, fields, described.below, place), place
