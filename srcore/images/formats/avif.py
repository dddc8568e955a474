"""AVIF: Pillow decodes 8 bits, OpenCV the 10 and 12 bits that Pillow would cut to 8."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import attrs
import cv2
import numpy as np
from PIL import Image, features

from srcore.images import exif
from srcore.images.boxes import crop_of, primary_properties
from srcore.images.format import (
    Holds,
    ImageArray,
    ImageHeader,
    Picture,
    ReadsSeries,
    Subsampling,
    Where,
    WritesSeries,
    Writing,
    color_subsampling,
    unsupported,
    without_loss,
    written_quality,
)
from srcore.images.formats.opencv import by_opencv, swapped
from srcore.images.metadata import Metadata
from srcore.images.pillow import (
    animation,
    as_array,
    encode_by_pillow,
    open_in_pillow,
    saved_animation,
)
from srcore.images.samples import stretched
from srcore.options.declaration import InvalidOptionError

_BRANDS = (b"avif", b"avis")
#: Where the box with the depth is looked for.
_START_BYTES = 2**16
#: By Pillow's modes; older versions know no gray.
_CHANNELS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}


@attrs.frozen(kw_only=True)
class AvifOptions:
    """How an AVIF is written."""

    quality: int = written_quality()
    subsampling: Subsampling | None = color_subsampling()
    lossless: bool = without_loss()

    def __attrs_post_init__(self) -> None:
        if self.lossless and self.subsampling not in (None, "4:4:4"):
            raise InvalidOptionError("lossless", f"not with subsampling {self.subsampling}")

    @property
    def settings(self) -> dict[str, Any]:
        """For Pillow."""
        chosen = self.subsampling or ("4:4:4" if self.quality >= 90 else "4:2:0")
        return {"quality": self.quality, "subsampling": chosen}


class Avif(ReadsSeries, WritesSeries):
    """AV1 image file format."""

    name = "AVIF"
    suffixes = (".avif", ".avifs")
    holds = Holds(
        largest_side=65535,
        metadata=frozenset({"icc_profile", "exif"}),
        series="animation",
        plays=False,
    )
    options = AvifOptions
    series = "animation"

    def recognizes(self, start: bytes) -> bool:
        if start[4:8] != b"ftyp":
            return False
        (size,) = struct.unpack_from(">I", start)
        brands = start[8 : min(size, len(start))]
        return any(brand in brands for brand in _BRANDS)

    def header(self, file: BinaryIO, where: Where) -> ImageHeader:
        if not features.check("avif"):
            raise unsupported(where, "AVIF needs Pillow 11.3 or newer (pip install -U pillow)")
        layout = _layout(file)
        with open_in_pillow(_at_once(file), "AVIF", where) as image:
            # Pillow writes the rotation of the container into the EXIF data.
            exif_data = exif.without_exif_word(image.info.get("exif"))
            channels, frames = _CHANNELS.get(image.mode, 3), int(getattr(image, "n_frames", 1))
            _, _, height, width = _visible_part(layout, image.height, image.width, where)
            coded = image.height * image.width / (height * width)
            return ImageHeader.of_stored(
                height,
                width,
                8 if layout.depth == 8 else 16,
                channels,
                exif.orientation(exif_data),
                frame_count=frames,
                working=_working(layout, channels, frames) * coded + (coded > 1),
                metadata=Metadata(
                    icc_profile=image.info.get("icc_profile") or None,
                    exif=exif_data,
                    dpi=exif.resolution(exif_data),
                    others=("XMP",) if image.info.get("xmp") else (),
                ),
            )

    def decode(self, file: BinaryIO, header: ImageHeader, where: Where) -> ImageArray:
        layout = _layout(file)
        content = _at_once(file)
        if layout.depth == 8:
            with open_in_pillow(content, "AVIF", where) as image:
                pixels = _first_picture(image, header.channels)
        else:
            pixels = by_opencv(content.getvalue(), where)
            if pixels.dtype != np.uint16:
                raise unsupported(where, "AVIF of more than 8 bits, which this OpenCV cuts to 8")
            pixels = _as_said(pixels, header.channels)
        top, left, height, width = _visible_part(layout, pixels.shape[0], pixels.shape[1], where)
        if (height, width) != pixels.shape[:2]:
            pixels = np.ascontiguousarray(pixels[top : top + height, left : left + width])
        return pixels if layout.depth == 8 else stretched(pixels, 2**layout.depth - 1)

    def encode(self, image: ImageArray, writing: Writing) -> bytes:
        if writing.options.lossless:
            return _lossless(image, writing.metadata)
        _refuse_old_pillow()
        settings = writing.options.settings
        if image.shape[-1] == 1:  # gray as such
            del settings["subsampling"]
        return encode_by_pillow(image, "AVIF", writing.metadata, **settings)

    def decode_series(
        self, data: bytes, header: ImageHeader, where: Where
    ) -> tuple[int, Iterator[Picture]]:
        if header.bits != 8:
            raise unsupported(where, "AVIF animation of more than 8 bits")
        if _layout(io.BytesIO(data)).clap:
            raise unsupported(where, "AVIF animation of which a part is shown")
        return animation(data, "AVIF", header.channels, where, header.orientation)

    def encode_series(self, pictures: Sequence[Picture], plays: int, writing: Writing) -> bytes:
        if writing.options.lossless:
            raise ValueError("animations are not written lossless; use .webp or .png")
        _refuse_old_pillow()
        settings = writing.options.settings
        return saved_animation(pictures, "AVIF", plays, writing.metadata, **settings)


def _as_said(pixels: ImageArray, channels: int) -> ImageArray:
    """OpenCV's pixels in as many channels; of gray with alpha it makes colors."""
    if pixels.ndim == 2:
        return np.repeat(pixels[..., None], channels, axis=-1)
    if channels < pixels.shape[-1]:
        return np.ascontiguousarray(pixels[..., -channels:])
    return swapped(pixels)


def _refuse_old_pillow() -> None:
    if not features.check("avif"):
        raise ValueError("needs Pillow 11.3 or newer (pip install -U pillow)")


def _first_picture(image: Image.Image, channels: int) -> ImageArray:
    """Pixels of a picture that is only opened.

    As bytes of libavif: in Pillow's own way to its pictures there are two more copies.
    """
    decoder = getattr(image, "_decoder", None)
    if decoder is None:  # another version of Pillow
        return as_array(image, {number: mode for mode, number in _CHANNELS.items()}[channels])
    content = decoder.get_frame(0)[0]
    image._decoder = None  # type: ignore[attr-defined]  # with libavif's planes
    del decoder
    pixels: ImageArray = np.array(np.frombuffer(content, np.uint8))
    return pixels.reshape(image.height, image.width, channels)


def _lossless(image: ImageArray, metadata: Metadata) -> bytes:
    """By OpenCV, which keeps RGB as it is; Pillow makes YCbCr of it, up to 3 levels apart."""
    if not hasattr(cv2, "imencodeWithMetadata"):
        raise ValueError("lossless needs OpenCV 4.13 or newer")
    kinds, contents = [], []
    for kind, content in (
        (cv2.IMAGE_METADATA_ICCP, metadata.icc_profile),
        (cv2.IMAGE_METADATA_EXIF, metadata.exif),
    ):
        if content is not None:
            kinds.append(kind)
            contents.append(np.frombuffer(content, np.uint8))
    pixels = swapped(image.copy()) if image.shape[-1] >= 3 else image
    settings = [cv2.IMWRITE_AVIF_QUALITY, 100]
    _, encoded = cv2.imencodeWithMetadata(".avif", pixels, kinds, contents, settings)
    return bytes(encoded)


@attrs.frozen
class _AvifLayout:
    """What the container says: flags of the coder (AV1-ISOBMFF, 2.3.3), and what is visible."""

    flags: int
    clap: bytes

    @property
    def depth(self) -> int:
        """8, 10 or 12."""
        return 8 if not self.flags & 0x40 else 12 if self.flags & 0x20 else 10


def _at_once(file: BinaryIO) -> io.BytesIO:
    """The whole file in memory, once: reading to an end that is not known takes it twice."""
    size = file.seek(0, 2)
    file.seek(0)
    return io.BytesIO(file.read(size))


def _layout(file: BinaryIO) -> _AvifLayout:
    properties = primary_properties(file)
    coder = properties.get(b"av1C", b"")
    if len(coder) < 3:  # an animation may have nothing but tracks
        file.seek(0)
        coder = file.read(_START_BYTES).partition(b"av1C")[2]
    return _AvifLayout(coder[2] if len(coder) > 2 else 0, properties.get(b"clap", b""))


def _visible_part(
    layout: _AvifLayout, height: int, width: int, where: Where
) -> tuple[int, int, int, int]:
    """Top, left, height and width of what is visible of decoded rows."""
    if not layout.clap:
        return 0, 0, height, width
    crop = crop_of(layout.clap, height, width)
    if crop is None:
        raise unsupported(where, "AVIF of which parts of pixels are shown")
    return crop


def _working(layout: _AvifLayout, channels: int, frames: int) -> float:
    """See ``working`` of :class:`srcore.images.format.ImageHeader`.

    By Pillow: what libavif makes, Pillow's copy of it, and of every coded picture (colors, alpha,
    one that later ones of an animation refer to) planes and about a byte per pixel of dav1d's own;
    in some runs one picture more, as measured. By OpenCV, which takes more than 8 bits, as
    measured.
    """
    if layout.depth > 8:
        return {1: 9.5, 2: 9.5, 3: 5.0, 4: 5.5}[channels]
    is_gray, half_columns, half_rows = (layout.flags & bit for bit in (0x10, 0x08, 0x04))
    colors = 0.0 if is_gray else 2.0 / ((2 if half_columns else 1) * (2 if half_rows else 1))
    planes = (1 + colors) * (1 + (frames > 1)) + (channels in (2, 4))
    return 3 + (planes + 1 + (channels in (2, 4))) / channels
