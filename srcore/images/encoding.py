"""Arrays -> content of image files."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from srcore.errors import DataError
from srcore.files.atomic import write_bytes
from srcore.images.format import DEFAULT_QUALITY, Holds, ImageArray, Where, WritableFormat, Writing
from srcore.images.format_options import fitting_options, made_options
from srcore.images.formats import of_suffix, written_suffixes
from srcore.images.metadata import Metadata

#: What the number of channels means.
KINDS = {1: "gray", 2: "gray_alpha", 3: "rgb", 4: "rgb_alpha"}


def write_image(
    path: Path,
    image: ImageArray,
    *,
    quality: int = DEFAULT_QUALITY,
    options: Mapping[str, Any] | None = None,
    icc_profile: bytes | None = None,
    metadata: Metadata | None = None,
    durable: bool = True,
) -> None:
    """Write ``(H, W, C)`` or ``(H, W)``, atomically; the suffix names the format.

    Args:
        path: PNG, JPEG, WebP, TIFF, AVIF, GIF or BMP; an existing file is replaced.
        image: uint8 or uint16, gray, RGB, or with alpha.
        quality: 1 to 100, of formats that have it: JPEG, WebP (lossless at 100) and AVIF.
        options: further ones that the format has, see ``options`` of the classes in
            ``srcore/images/formats/``, such as ``{"lossless": True}`` for WebP.
        icc_profile: color profile to embed.
        metadata: what else to keep; what the format cannot hold is left out.
        durable: wait for the disk, see :func:`srcore.files.atomic.write_bytes`.

    Raises:
        DataError: the format cannot hold the image or has no such option, or the file cannot be
            written.
    """
    encoded = encode_image(
        image,
        path.suffix,
        path,
        quality=quality,
        options=options,
        icc_profile=icc_profile,
        metadata=metadata,
    )
    write_bytes(path, encoded, durable=durable)


def encode_image(
    image: ImageArray,
    suffix: str,
    source: Where = "image",
    *,
    quality: int = DEFAULT_QUALITY,
    options: Mapping[str, Any] | None = None,
    icc_profile: bytes | None = None,
    metadata: Metadata | None = None,
    may_overwrite: bool = False,
) -> bytes:
    """Content of a file with this suffix; arguments as in :func:`write_image`.

    The image is ``(H, W, C)``, uint8 or uint16; gray may be ``(H, W)``.

    ``may_overwrite`` allows to use the image's memory for the conversion of huge ones.

    Raises:
        DataError: the format cannot hold the image, or has no such option.
    """
    if image.ndim == 2:
        image = image[..., None]
    image_format, holds = refuse_unwritable(suffix.lower(), image.shape, image.dtype, source)
    kept = metadata if metadata is not None else Metadata(icc_profile=icc_profile)
    kept = kept.within(holds.metadata).for_size(*image.shape[:2])
    made = written_with(image_format, quality, options, source)
    try:
        return image_format.encode(
            image, Writing(options=made, metadata=kept, may_overwrite=may_overwrite)
        )
    except (OSError, ValueError) as error:
        raise DataError(f"{source}: cannot be written as {image_format.name}: {error}") from error


def written_with(
    image_format: WritableFormat, quality: int, options: Mapping[str, Any] | None, source: Where
) -> Any:
    """The format's options: ``quality`` if it has one, and what else is given."""
    given = {**fitting_options(image_format.suffixes[0], {"quality": quality}), **(options or {})}
    return made_options(image_format, given, source)


def holding(suffix: str, source: Where = "image") -> tuple[WritableFormat, Holds]:
    """The format that files of a suffix are written in, and what it holds.

    Raises:
        DataError: there is none, or it is only read.
    """
    image_format = of_suffix(suffix)
    if not isinstance(image_format, WritableFormat):
        raise DataError(
            f"{source}: cannot write {suffix or 'a file without a suffix'}; "
            f"use {', '.join(written_suffixes())}"
        )
    return image_format, image_format.holds


def refuse_unwritable(
    suffix: str,
    shape: Sequence[int],
    dtype: np.dtype[Any],
    source: Where = "image",
    *,
    if_deep: str = "",
    if_transparent: str = "",
) -> tuple[WritableFormat, Holds]:
    """The format that an image of this shape ``(H, W, C)`` and type can be written in.

    Args:
        suffix: names the format.
        shape: of the image.
        dtype: of the image.
        source: what errors name.
        if_deep: what the caller can do about 16 bits, for the error.
        if_transparent: what it can do about alpha.

    Raises:
        DataError: the format of this suffix does not hold it; says which would.
    """
    image_format, holds = holding(suffix, source)
    if dtype not in (np.uint8, np.uint16) or len(shape) != 3 or not all(shape):
        raise DataError(
            f"{source}: expected a uint8 or uint16 image (H, W, C), "
            f"found {dtype} of shape {tuple(shape)}"
        )
    height, width, channels = shape
    if dtype.itemsize * 8 not in holds.bits:
        raise DataError(
            f"{source}: {suffix} holds 8 bits per channel only; use .png or .tif"
            f"{if_deep and f', or {if_deep}'}"
        )
    if channels not in holds.channels:
        kind = KINDS.get(channels, f"{channels} channels")
        hint = f", or {if_transparent}" if if_transparent and channels in (2, 4) else ""
        raise DataError(f"{source}: {suffix} cannot hold {kind}; use .png{hint}")
    if max(height, width) > holds.largest_side:
        raise DataError(
            f"{source}: {width}x{height} pixels; {suffix} holds at most "
            f"{holds.largest_side} per side, use .png"
        )
    if holds.largest_bytes is not None and math.prod(shape) * dtype.itemsize > holds.largest_bytes:
        raise DataError(
            f"{source}: {width}x{height} pixels; {suffix} holds at most "
            f"{holds.largest_bytes} bytes of pixels, use .png"
        )
    return image_format, holds
