"""Decoding a part of an image file.

A PNG is decoded from the top, so that rows below a crop need not be decoded. For random 128x128
crops of 480x480 images this is a third of the work.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from srcore.errors import DataError
from srcore.images.decoding import decode_open, opened_file, refuse_lying, to_rgb
from srcore.images.format import ImageArray, Where
from srcore.images.header import header_of

if TYPE_CHECKING:
    from srcore.data.cropping import Window


def read_window(path: Path, window: Window) -> ImageArray:
    """Decode a part of a file to RGB ``(H, W, 3)``.

    Equal to the part of :func:`srcore.images.read_rgb`, but damage below the window is not
    noticed, except that the file's end is missing.

    Raises:
        DataError: as :func:`srcore.images.read_image`, or a window that is not in the image.
    """
    with opened_file(path) as file:
        return _window_of(file, window, path)


def decode_window(data: bytes, window: Window, source: Where) -> ImageArray:
    """Decode a part of the content of a file; see :func:`read_window`.

    The part is ``(H, W, C)``, uint8 or uint16.
    """
    return _window_of(io.BytesIO(data), window, source)


def _window_of(file: BinaryIO, window: Window, source: Where) -> ImageArray:
    image_format, header = header_of(file, source)
    if window.bottom > header.height or window.right > header.width:
        raise DataError(
            f"{source}: {header.width}x{header.height} pixels now; the file changed while in use"
        )
    if header.orientation != 1:
        return window.cut(to_rgb(decode_open(file, source)))
    refuse_lying(image_format, header, file, source)
    return to_rgb(image_format.decode_part(file, header, window, source))
