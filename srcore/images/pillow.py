"""Reading and writing by Pillow, whose formats are always named: no other decoder is ever tried."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, UnidentifiedImageError

from srcore.images.format import ImageArray, Where, damaged
from srcore.images.metadata import Metadata

# Pillow refuses images above 179 megapixels as suspected attacks; phones take larger ones.
Image.MAX_IMAGE_PIXELS = None


@contextmanager
def opened(file: BinaryIO, kind: str, where: Where) -> Iterator[Image.Image]:
    """A file in Pillow; what goes wrong with it is a DataError that names the file."""
    try:
        with warnings.catch_warnings():
            # What Pillow only warns of (odd metadata) does not concern the pixels.
            warnings.simplefilter("ignore", UserWarning)
            with Image.open(file, formats=(kind,)) as image:
                yield image
    except UnidentifiedImageError:
        raise damaged(where, f"no {kind} picture in it") from None
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise damaged(where, error) from error


def as_array(image: Image.Image, mode: str) -> ImageArray:
    """``(H, W, C)`` of a picture in this mode."""
    pixels = np.array(image if image.mode == mode else image.convert(mode))
    return pixels if pixels.ndim == 3 else pixels[..., None]


def saved(image: ImageArray, kind: str, metadata: Metadata, **settings: Any) -> bytes:
    """Content of a file that Pillow writes; metadata are those that the format holds."""
    if metadata.icc_profile is not None:
        settings["icc_profile"] = metadata.icc_profile
    if metadata.exif is not None:
        settings["exif"] = b"Exif\0\0" + metadata.exif
    if metadata.dpi is not None:
        settings["dpi"] = metadata.dpi
    pixels = image[..., 0] if image.shape[-1] == 1 else image
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, kind, **settings)
    return buffer.getvalue()
