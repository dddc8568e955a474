"""Arrays -> content of image files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from srcore.errors import DataError
from srcore.files.atomic import write_bytes
from srcore.images.format import Holds, ImageArray, ImageFormat, Where, Writing
from srcore.images.formats import of_suffix, written_suffixes
from srcore.images.metadata import Metadata

#: What the number of channels means.
KINDS = {1: "gray", 2: "gray_alpha", 3: "rgb", 4: "rgb_alpha"}


def write_image(
    path: Path,
    image: ImageArray,
    *,
    quality: int = 95,
    icc_profile: bytes | None = None,
    metadata: Metadata | None = None,
    durable: bool = True,
) -> None:
    """Write ``(H, W, C)`` or ``(H, W)``, atomically; the suffix names the format.

    Args:
        path: PNG, JPEG, WebP, TIFF, AVIF or BMP; an existing file is replaced.
        image: uint8 or uint16, gray, RGB, or with alpha.
        quality: of JPEG, WebP and AVIF, 1 to 100; WebP is lossless at 100.
        icc_profile: colour profile to embed.
        metadata: what else to keep; what the format cannot hold is left out.
        durable: wait for the disk, see :func:`srcore.files.atomic.write_bytes`.

    Raises:
        DataError: the format cannot hold the image, or the file cannot be written.
    """
    encoded = encode_image(
        image, path.suffix, path, quality=quality, icc_profile=icc_profile, metadata=metadata
    )
    write_bytes(path, encoded, durable=durable)


def encode_image(
    image: ImageArray,
    suffix: str,
    source: Where = "image",
    *,
    quality: int = 95,
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
    try:
        return image_format.encode(
            image, Writing(quality=quality, metadata=kept, may_overwrite=may_overwrite)
        )
    except (OSError, ValueError) as error:
        raise DataError(f"{source}: cannot be written as {image_format.name}: {error}") from error


def holding(suffix: str, source: Where = "image") -> tuple[ImageFormat, Holds]:
    """The format that files of a suffix are written in, and what it holds.

    Raises:
        DataError: there is none, or it is only read.
    """
    image_format = of_suffix(suffix)
    if image_format is None or image_format.holds is None:
        raise DataError(
            f"{source}: cannot write {suffix or 'a file without a suffix'}; "
            f"use {', '.join(written_suffixes())}"
        )
    return image_format, image_format.holds


def _writable(image: ImageArray, suffix: str, source: Where) -> tuple[ImageFormat, Holds]:
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
