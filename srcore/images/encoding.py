"""Arrays -> content of image files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from srcore.errors import DataError
from srcore.files.atomic import write_bytes
from srcore.images.format import Holds, ImageArray, Where, WritableFormat, Writing
from srcore.images.format_options import fitting_options, made_options
from srcore.images.formats import of_suffix, written_suffixes
from srcore.images.metadata import Metadata

#: What the number of channels means.
KINDS = {1: "gray", 2: "gray_alpha", 3: "rgb", 4: "rgb_alpha"}


def write_image(
    path: Path,
    image: ImageArray,
    *,
    quality: int = 95,
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
        icc_profile: colour profile to embed.
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
    quality: int = 95,
    options: Mapping[str, Any] | None = None,
    icc_profile: bytes | None = None,
    metadata: Metadata | None = None,
    may_overwrite: bool = False,
) -> bytes:
    """Content of a file with this suffix; arguments as in :func:`write_image`.

    ``may_overwrite`` allows to use the image's memory for the conversion of huge ones.
    """
    if image.ndim == 2:
        image = image[..., None]
    image_format, holds = _writable(image, suffix.lower(), source)
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


def _writable(image: ImageArray, suffix: str, source: Where) -> tuple[WritableFormat, Holds]:
    image_format, holds = holding(suffix, source)
    if image.dtype not in (np.uint8, np.uint16) or image.ndim != 3 or not image.size:
        raise DataError(
            f"{source}: expected a uint8 or uint16 image (H, W, C), "
            f"found {image.dtype} of shape {image.shape}"
        )
    if image.itemsize * 8 not in holds.bits:
        raise DataError(
            f"{source}: {suffix} holds 8 bits per channel only; use .png or .tif, or --depth 8"
        )
    if image.shape[-1] not in holds.channels:
        kind = KINDS.get(image.shape[-1], f"{image.shape[-1]} channels")
        hint = ", or --background COLOUR" if image.shape[-1] in (2, 4) else ""
        raise DataError(f"{source}: {suffix} cannot hold {kind}; use .png{hint}")
    if max(image.shape[:2]) > holds.largest_side:
        raise DataError(
            f"{source}: {image.shape[1]}x{image.shape[0]} pixels; {suffix} holds at most "
            f"{holds.largest_side} per side, use .png"
        )
    return image_format, holds
