"""Decoding a part of an image file.

A PNG is decoded from the top, so that rows below a crop need not be decoded. For random 128x128
crops of 480x480 images this is a third of the work.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from srcore.errors import DataError
from srcore.images.decoding import ImageArray, decode_image, is_complete, read_data, to_rgb
from srcore.images.header import open_header

if TYPE_CHECKING:
    from PIL import Image

    from srcore.data.cropping import Window

# Modes whose 8-bit PNG files hold the pixels as they are.
_PLAIN_MODES = ("L", "LA", "RGB", "RGBA")


def read_window(path: Path, window: Window) -> ImageArray:
    """Decode a part of a file to RGB ``(H, W, 3)``.

    Equal to the part of :func:`srcore.images.read_rgb`, but damage below the window is not
    noticed, except that the file's end is missing.

    Raises:
        DataError: as :func:`srcore.images.read_image`, or a window that is not in the image.
    """
    return decode_window(read_data(path), window, path)


def decode_window(data: bytes, window: Window, source: Path | str) -> ImageArray:
    """Decode a part of the content of a file; see :func:`read_window`."""
    with open_header(io.BytesIO(data), source) as image:
        if _goes_row_by_row(image) and is_complete(data, image.format):
            height, width = image.height, image.width
            pixels = _decode_rows(image, window, source)
        else:
            whole = to_rgb(decode_image(data, source))
            height, width = whole.shape[:2]
            pixels = window.cut(whole)
    if window.bottom > height or window.right > width:
        raise DataError(f"{source}: {width}x{height} pixels now; the file changed while in use")
    return pixels


def _goes_row_by_row(image: Image.Image) -> bool:
    return (
        image.format == "PNG"
        and image.mode in _PLAIN_MODES
        and not {"exif", "interlace"} & image.info.keys()
        and not getattr(image, "is_animated", False)
        and [str(tile[3]) for tile in _tiles(image)] == [image.mode]  # 8 bits as they are
    )


def _decode_rows(image: Image.Image, window: Window, source: Path | str) -> ImageArray:
    [(codec, (left, top, right, bottom), offset, arguments)] = _tiles(image)
    # The decoder stops when its tile is full.
    shorter: Any = (codec, (left, top, right, min(bottom, window.bottom)), offset, arguments)
    tile_type = type(_tiles(image)[0])
    image.tile = [tile_type(*shorter) if hasattr(tile_type, "_fields") else shorter]  # type: ignore[attr-defined]  # ImageFile
    try:
        cut = image.crop((window.left, window.top, window.right, window.bottom))
    except (OSError, SyntaxError, ValueError) as error:
        raise DataError(f"{source}: the image is damaged or truncated: {error}") from error
    return to_rgb(np.asarray(cut))


def _tiles(image: Image.Image) -> list[Any]:
    return list(getattr(image, "tile", ()))
