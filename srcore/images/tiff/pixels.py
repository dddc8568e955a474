"""Pixels of a TIFF page: samples, planes and alpha by arithmetic, some rows at a time."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray

from srcore.images.format import ImageArray, Where, damaged, unsupported
from srcore.images.pillow import decode_by_pillow
from srcore.images.samples import (
    divided_by_alpha,
    looked_up,
    stretched,
    summed,
    unpacked,
    without_ink,
)
from srcore.images.tiff import rows as tiff_rows
from srcore.images.tiff.directory import LONG, SHORT, Value, numbers_of, value_of
from srcore.images.tiff.layout import (
    BLACK_IS_ZERO,
    CMYK,
    PALETTE,
    RGB,
    WHITE_IS_ZERO,
    TiffLayout,
    rows_of,
)

if TYPE_CHECKING:
    from srcore.data.cropping import Window

_STRUCTURAL = (256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 322, 323, 324, 325)
_JPEG_FIELDS = (347, 530, 531, 532)
_OFFSETS_AND_LENGTHS = (273, 279, 324, 325)
#: What one of several planes is as a picture of its own: 8 bits, black is zero, one sample.
_OF_A_PLANE = {258: 8, 262: BLACK_IS_ZERO, 277: 1, 284: 1}


def read_part(
    file: BinaryIO,
    fields: dict[int, Value],
    layout: TiffLayout,
    window: Window | None,
    where: Where,
) -> ImageArray:
    """A part of the pixels or all, made of some rows at a time.

    The part is ``(H, W, C)``, uint8 or uint16.
    """
    planes = [
        rows_of(fields, layout, plane, where)
        for plane in range(layout.samples if layout.is_planar else 1)
    ]
    top, left = (window.top, window.left) if window else (0, 0)
    bottom, right = (window.bottom, window.right) if window else (layout.height, layout.width)
    dtype = np.uint8 if layout.bits <= 8 else np.uint16
    result = np.empty((bottom - top, right - left, layout.channels), dtype)
    readers = [tiff_rows.read_bands(file, rows, where, top, bottom) for rows in planes]
    for together in zip(*readers, strict=True):
        start = together[0][0]
        parts = [
            _samples(band, rows, layout) for (_, band), rows in zip(together, planes, strict=True)
        ]
        samples = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)
        first, last = max(0, top - start), min(len(samples), bottom - start)
        if first < last:
            row = start + first - top
            samples = samples[first:last, left:right]
            result[row : row + last - first] = _samples_to_rgb(samples, layout, fields, where)
    return result


def _samples(stored: NDArray[np.uint8], rows: tiff_rows.Rows, layout: TiffLayout) -> ImageArray:
    """``(h, W, samples)`` of rows of one plane or of all, as they are stored."""
    if layout.bits == 16:
        stored = stored.view(f"{layout.order}u2")
    elif layout.bits != 8:
        stored = unpacked(stored, layout.bits)
    samples = 1 if layout.is_planar else layout.samples
    across = rows.width // rows.part_width
    # A row of tiles side by side: each begins anew.
    tiles = stored[:, : stored.shape[1] // (across * samples) * across * samples]
    if not rows.is_tiled:
        tiles = stored[:, : layout.width * samples]
    if layout.predictor == 2:
        tiles = tiles.astype(tiles.dtype.newbyteorder("="), copy=False)
        tiles = summed(tiles.reshape(len(tiles) * across, -1), samples).reshape(len(tiles), -1)
    return tiles.reshape(len(tiles), -1, samples)[:, : layout.width]


def _samples_to_rgb(
    samples: ImageArray, layout: TiffLayout, fields: dict[int, Value], where: Where
) -> ImageArray:
    """Stored samples -> gray or RGB of 8 or 16 bits, with straight alpha."""
    colors = samples[..., : layout.colors]
    if layout.photometric == PALETTE:
        colors = _palette_colors(colors, layout, fields, where)
    else:
        colors = stretched(colors, 2**layout.bits - 1)
        if layout.photometric == WHITE_IS_ZERO:
            colors = ~colors
        elif layout.photometric == CMYK:
            colors = without_ink(colors)
    if layout.alpha is None:
        return np.ascontiguousarray(colors)
    alpha = stretched(samples[..., layout.alpha : layout.alpha + 1], 2**layout.bits - 1)
    image = np.concatenate([colors, alpha], axis=-1)
    return divided_by_alpha(image) if layout.is_associated else image


def _palette_colors(
    indices: ImageArray, layout: TiffLayout, fields: dict[int, Value], where: Where
) -> ImageArray:
    numbers = numbers_of(fields, 320, layout.order)
    if len(numbers) < 3 * 2**layout.bits:
        raise damaged(where, "no palette")
    palette = np.array(numbers[: 3 * 2**layout.bits], np.uint16).reshape(3, -1).T
    # 16 bits by the standard; some programs write 8.
    palette = (palette >> 8 if palette.max() > 255 else palette).astype(np.uint8)
    return looked_up(palette, indices[..., 0])


def photograph(
    file: BinaryIO, fields: dict[int, Value], layout: TiffLayout, where: Where
) -> ImageArray:
    """Strips or tiles that are JPEG, decoded by libtiff.

    Pixels are ``(H, W, C)`` in 0..255.
    """
    kept = {tag: fields[tag] for tag in (*_STRUCTURAL, *_JPEG_FIELDS) if tag in fields}
    if layout.is_planar:
        return _planes(file, kept, layout, where)
    if layout.channels == 1:  # Pillow would turn white into black, too
        kept[262] = value_of(layout.order, SHORT, BLACK_IS_ZERO)
    content = io.BytesIO(tiff_rows.with_directory(file, layout.order, kept))
    pixels = decode_by_pillow(content, "TIFF", "L" if layout.channels == 1 else "RGB", where)
    return np.invert(pixels, out=pixels) if layout.photometric == WHITE_IS_ZERO else pixels


def _planes(
    file: BinaryIO, fields: dict[int, Value], layout: TiffLayout, where: Where
) -> ImageArray:
    """Colors each of which is a gray photograph."""
    if layout.photometric != RGB:
        raise unsupported(where, "TIFF with JPEG of separate planes that are not RGB")
    result = np.empty((layout.height, layout.width, layout.channels), np.uint8)
    one = {tag: value_of(layout.order, SHORT, it) for tag, it in _OF_A_PLANE.items()}
    for plane in range(layout.colors):
        own = dict(one)
        for tag in _OFFSETS_AND_LENGTHS:
            numbers = numbers_of(fields, tag, layout.order)
            count = len(numbers) // layout.samples
            if numbers:
                own[tag] = value_of(
                    layout.order, LONG, *numbers[plane * count : (plane + 1) * count]
                )
        content = io.BytesIO(tiff_rows.with_directory(file, layout.order, {**fields, **own}))
        result[..., plane] = decode_by_pillow(content, "TIFF", "L", where)[..., 0]
    return result
