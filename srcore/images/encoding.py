"""Arrays -> content of image files."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from srcore.atomic import write_bytes
from srcore.errors import DataError
from srcore.images import png
from srcore.images.decoding import ImageArray

#: What the number of channels means.
KINDS = {1: "gray", 2: "gray_alpha", 3: "rgb", 4: "rgb_alpha"}

#: Bits per channel and channels that a written format can hold.
_WRITABLE = {
    ".png": ((8, 16), (1, 2, 3, 4)),
    ".tif": ((8, 16), (1, 3, 4)),
    ".tiff": ((8, 16), (1, 3, 4)),
    ".webp": ((8,), (1, 3, 4)),
    ".jpg": ((8,), (1, 3)),
    ".jpeg": ((8,), (1, 3)),
    ".bmp": ((8,), (1, 3)),
}


def write_image(
    path: Path,
    image: ImageArray,
    *,
    quality: int = 95,
    icc_profile: bytes | None = None,
    durable: bool = True,
) -> None:
    """Write ``(H, W, C)`` or ``(H, W)``, atomically; the suffix names the format.

    Args:
        path: PNG, JPEG, WebP, TIFF or BMP; an existing file is replaced.
        image: uint8 or uint16, gray, RGB, or with alpha.
        quality: of JPEG and WebP, 1 to 100; WebP is lossless at 100.
        icc_profile: colour profile to embed (PNG, JPEG, WebP, TIFF of 8 bits).
        durable: wait for the disk, see :func:`srcore.atomic.write_bytes`.

    Raises:
        DataError: the format cannot hold the image, or the file cannot be written.
    """
    encoded = encode_image(image, path.suffix, path, quality=quality, icc_profile=icc_profile)
    write_bytes(path, encoded, durable=durable)


def encode_image(
    image: ImageArray,
    suffix: str,
    source: Path | str = "image",
    *,
    quality: int = 95,
    icc_profile: bytes | None = None,
    may_overwrite: bool = False,
) -> bytes:
    """Content of a file with this suffix; arguments as in :func:`write_image`.

    ``may_overwrite`` allows to use the image's memory for the conversion of huge ones.
    """
    if image.ndim == 2:
        image = image[..., None]
    suffix = suffix.lower()
    _check_writable(image, suffix, source)
    if icc_profile is not None and suffix != ".png" and image.dtype == np.uint8:
        return _encode_by_pillow(image, suffix, quality, icc_profile)
    if image.shape[-1] == 2:
        content = png.gray_alpha(image)
        return content if icc_profile is None else png.with_profile(content, icc_profile)
    if image.shape[-1] >= 3:
        code = cv2.COLOR_RGB2BGR if image.shape[-1] == 3 else cv2.COLOR_RGBA2BGRA
        image = np.ascontiguousarray(image)
        image = cv2.cvtColor(image, code, dst=image if may_overwrite else None)
    # OpenCV writes lossless WebP above quality 100.
    webp_quality = 101 if quality == 100 else quality
    settings = {
        ".jpg": [cv2.IMWRITE_JPEG_QUALITY, quality],
        ".jpeg": [cv2.IMWRITE_JPEG_QUALITY, quality],
        ".webp": [cv2.IMWRITE_WEBP_QUALITY, webp_quality],
    }
    _, encoded = cv2.imencode(suffix, np.ascontiguousarray(image), settings.get(suffix, []))
    content = encoded.tobytes()
    if icc_profile is not None and suffix == ".png":
        content = png.with_profile(content, icc_profile)
    return content


def _check_writable(image: ImageArray, suffix: str, source: Path | str) -> None:
    if suffix not in _WRITABLE:
        raise DataError(
            f"{source}: cannot write {suffix or 'a file without a suffix'}; "
            f"use {', '.join(sorted(_WRITABLE))}"
        )
    if image.dtype not in (np.uint8, np.uint16) or image.ndim != 3 or not image.size:
        raise DataError(
            f"{source}: expected a uint8 or uint16 image (H, W, C), "
            f"found {image.dtype} of shape {image.shape}"
        )
    bits, channels = _WRITABLE[suffix]
    if image.itemsize * 8 not in bits:
        raise DataError(f"{source}: {suffix} holds 8 bits per channel only; use .png or .tif")
    if image.shape[-1] not in channels:
        kind = KINDS.get(image.shape[-1], f"{image.shape[-1]} channels")
        raise DataError(f"{source}: {suffix} cannot hold {kind}; use .png")


def _encode_by_pillow(image: ImageArray, suffix: str, quality: int, profile: bytes) -> bytes:
    formats = {".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".tif": "TIFF", ".tiff": "TIFF"}
    buffer = io.BytesIO()
    pixels = image[..., 0] if image.shape[-1] == 1 else image
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    settings: dict[str, Any] = {"quality": quality} if suffix not in (".tif", ".tiff") else {}
    if suffix == ".webp":
        settings["lossless"] = quality == 100
    picture.save(buffer, formats.get(suffix, "BMP"), icc_profile=profile, **settings)
    return buffer.getvalue()
