"""Writing upscaled images: PNG in a stream, other formats from a canvas on disk if it is large."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from srcore.atomic import writing
from srcore.errors import DataError
from srcore.images import PngStream, encode_image

ImageArray = NDArray[Any]

#: Names of formats -> suffix of their files.
FORMATS = {"png": ".png", "jpeg": ".jpg", "webp": ".webp", "tiff": ".tif"}

_LARGEST_SIDES = {".jpg": 65535, ".jpeg": 65535, ".webp": 16383}
_CANVAS_IN_MEMORY = 2**28
_COLOUR_SPACES = {1: b"GRAY", 2: b"GRAY", 3: b"RGB ", 4: b"RGB "}


def check_writable(path: Path, image: ImageArray, size: tuple[int, int]) -> None:
    """Refuse a format that cannot hold the result, before anything is computed.

    Args:
        path: the file to write; its suffix names the format.
        image: the input; type and channels are those of the result.
        size: height and width of the result.

    Raises:
        DataError: names the file and says which format would do.
    """
    encode_image(image[:1, :1], path.suffix, path)
    limit = _LARGEST_SIDES.get(path.suffix.lower())
    if limit is not None and max(size) > limit:
        raise DataError(
            f"{path}: {size[1]}x{size[0]} pixels; {path.suffix} holds at most {limit} per side, "
            "use .png"
        )


def write_bands(
    path: Path,
    bands: Iterator[ImageArray],
    shape: tuple[int, int, int],
    dtype: np.dtype[Any],
    *,
    quality: int = 95,
    icc_profile: bytes | None = None,
) -> None:
    """Write bands of rows ``(h, W, C)`` to an image file, which appears only when it is complete.

    Args:
        path: the suffix names the format; an existing file is replaced.
        bands: consecutive rows.
        shape: (H, W, C) of the whole.
        dtype: uint8 or uint16.
        quality: of JPEG and WebP, 1 to 100.
        icc_profile: colour profile to embed; left out if it is not one for these channels.

    Raises:
        DataError: the file cannot be written.
    """
    profile = matching_profile(icc_profile, shape[2])
    try:
        with writing(path) as temporary, temporary.open("wb") as file:
            if path.suffix.lower() == ".png":
                with PngStream(file, shape, dtype, profile) as stream:
                    for band in bands:
                        stream.write(band)
            else:
                canvas = _filled_canvas(bands, shape, dtype, path.parent)
                encoded = encode_image(
                    canvas,
                    path.suffix,
                    path,
                    quality=quality,
                    icc_profile=profile,
                    may_overwrite=True,
                )
                file.write(encoded)
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror or error}") from error


def matching_profile(profile: bytes | None, channels: int) -> bytes | None:
    """The profile if it describes colours of this number of channels, else None.

    A CMYK photograph is converted to RGB when it is read, and its profile would be wrong then.
    """
    # The colour space is named in bytes 16 to 19 of the header (ICC.1, section 7.2.8).
    if profile is None or profile[16:20] != _COLOUR_SPACES[channels]:
        return None
    return profile


def _filled_canvas(
    bands: Iterator[ImageArray], shape: tuple[int, int, int], dtype: np.dtype[Any], folder: Path
) -> ImageArray:
    canvas: ImageArray
    if np.prod(shape, dtype=np.int64) * dtype.itemsize <= _CANVAS_IN_MEMORY:
        canvas = np.empty(shape, dtype)
    else:
        # The mapping keeps the nameless file alive.
        with tempfile.TemporaryFile(dir=folder) as file:
            canvas = np.memmap(file, dtype, "w+", shape=shape)
    row = 0
    for band in bands:
        canvas[row : row + len(band)] = band
        row += len(band)
    return canvas
