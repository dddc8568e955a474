"""Writing upscaled images: PNG in a stream, other formats from a canvas on disk if it is large."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from srcore.errors import DataError
from srcore.files.atomic import write_bytes, writing
from srcore.images import (
    ImageArray,
    Metadata,
    Origin,
    Picture,
    PngStream,
    encode_image,
    encode_series,
    format_names,
    holding,
    made_options,
    refuse_unwritable,
    with_origin,
    written_suffixes,
)

#: Instead of a name of a format: that of every input.
SAME = "same"

_CANVAS_IN_MEMORY = 2**28


def is_written(path: PurePath) -> bool:
    """Whether files of this suffix can be written."""
    return path.suffix.lower() in written_suffixes()


def suffix_for(image_format: str, source: PurePath) -> str:
    """Suffix of the result of an input: PNG where its own format is only read."""
    if image_format != SAME:
        return format_names()[image_format]
    return source.suffix if is_written(source) else ".png"


def check_writable(path: Path, image: ImageArray, size: tuple[int, int]) -> None:
    """Refuse a format that cannot hold the result, before anything is computed.

    The image is ``(H, W, C)``, uint8 or uint16.

    Args:
        path: the file to write; its suffix names the format.
        image: the input; type and channels are those of the result.
        size: height and width of the result.

    Raises:
        DataError: names the file and says which format would do.
    """
    refuse_unwritable(
        path.suffix.lower(),
        (*size, image.shape[2]),
        image.dtype,
        path,
        if_deep="--depth 8",
        if_transparent="--background COLOR",
    )


def write_bands(
    path: Path,
    bands: Iterator[ImageArray],
    shape: tuple[int, int, int],
    dtype: np.dtype[Any],
    *,
    options: Mapping[str, Any] | None = None,
    metadata: Metadata | None = None,
    origin: Origin | None = None,
) -> None:
    """Write bands of rows ``(h, W, C)`` to an image file, which appears only when it is complete.

    Args:
        path: the suffix names the format; an existing file is replaced.
        bands: consecutive rows.
        shape: (H, W, C) of the whole.
        dtype: uint8 or uint16.
        options: of the format, see :func:`srcore.images.write_image`.
        metadata: what to keep beside the pixels, as far as the format holds it.
        origin: what it was made from, to be found by :func:`srcore.images.origin_of`.

    Raises:
        DataError: the file cannot be written.
    """
    kept = (metadata or Metadata()).for_channels(shape[2]).for_size(*shape[:2])
    try:
        with writing(path) as temporary, temporary.open("wb") as file:
            if path.suffix.lower() == ".png":
                level = made_options(holding(".png")[0], options or {}, path).compress_level
                with PngStream(file, shape, dtype, kept, level) as stream:
                    if origin is not None:
                        file.write(origin.png_chunk())
                    for band in bands:
                        stream.write(band)
            else:
                canvas = _filled_canvas(bands, shape, dtype, path.parent)
                encoded = encode_image(
                    canvas,
                    path.suffix,
                    path,
                    options=options,
                    metadata=kept,
                    may_overwrite=True,
                )
                file.write(with_origin(encoded, origin) if origin is not None else encoded)
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror or error}") from error


def write_series(
    path: Path,
    pictures: Sequence[Picture],
    *,
    plays: int = 0,
    options: Mapping[str, Any] | None = None,
    metadata: Metadata | None = None,
    origin: Origin | None = None,
) -> None:
    """Write several pictures to one file; arguments as of :func:`write_bands`.

    Raises:
        DataError: the format does not hold them, or the file cannot be written.
    """
    kept = (metadata or Metadata()).for_channels(pictures[0].image.shape[2])
    content = encode_series(
        pictures, path.suffix.lower(), path, plays=plays, options=options, metadata=kept
    )
    write_bytes(path, with_origin(content, origin) if origin is not None else content)


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
