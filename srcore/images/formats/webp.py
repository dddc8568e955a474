"""WebP, by the chunks of its container (RIFF); OpenCV decodes them picture by picture."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import attrs

from srcore.images import exif
from srcore.images.composing import Part, composed, shown_first, without_alpha
from srcore.images.format import (
    Holds,
    ImageArray,
    ImageHeader,
    Picture,
    ReadsSeries,
    Where,
    WritesSeries,
    Writing,
    damaged,
    without_loss,
    written_quality,
)
from srcore.images.formats.opencv import by_opencv, swapped
from srcore.images.formats.webp_walking import WebpFrame, layout_of, one_picture_file
from srcore.images.pillow import encode_by_pillow, saved_animation


@attrs.frozen(kw_only=True)
class WebpOptions:
    """How a WebP is written."""

    quality: int = written_quality()
    lossless: bool = without_loss()

    @property
    def settings(self) -> dict[str, Any]:
        """For Pillow, which spends more time on smaller lossless files the higher the quality."""
        lossless = self.lossless or self.quality == 100
        return {"quality": self.quality, "lossless": lossless, "exact": lossless}


class Webp(ReadsSeries, WritesSeries):
    """WebP, lossy and lossless, animations by their first picture."""

    name = "WebP"
    suffixes = (".webp",)
    holds = Holds(
        largest_side=16383, metadata=frozenset({"icc_profile", "exif"}), series="animation"
    )
    options = WebpOptions
    series = "animation"

    def recognizes(self, start: bytes) -> bool:
        return start.startswith(b"RIFF") and start[8:12] == b"WEBP"

    def header(self, file: BinaryIO, where: Where) -> ImageHeader:
        layout = layout_of(file, where)
        channels = 4 if layout.has_alpha else 3
        return ImageHeader.of_stored(
            layout.height,
            layout.width,
            8,
            channels,
            exif.orientation(layout.metadata.exif),
            frame_count=len(layout.frames) or 1,
            metadata=layout.metadata,
            # libwebp's picture of four bytes per pixel, beside the three that it gives.
            working=7 / 3 if layout.is_lossless and channels == 3 else 2.0,
        )

    def decode(self, file: BinaryIO, header: ImageHeader, where: Where) -> ImageArray:
        layout = layout_of(file, where)
        if layout.frames:
            return shown_first(header.stored_shape, _decode_chunk(file, layout.frames[0], where))
        file.seek(0)
        return swapped(by_opencv(file.read(), where))

    def decode_series(
        self, data: bytes, header: ImageHeader, where: Where
    ) -> tuple[int, Iterator[Picture]]:
        file = io.BytesIO(data)
        layout = layout_of(file, where)
        shown = composed(
            *(layout.height, layout.width), (_decode_chunk(file, it, where) for it in layout.frames)
        )
        is_opaque = not layout.has_alpha and not any(
            it.disposal == "goes" or it.stored.has_alpha for it in layout.frames
        )
        turned = (attrs.evolve(it, orientation=header.orientation) for it in shown)
        return layout.plays, without_alpha(turned) if is_opaque else turned

    def encode(self, image: ImageArray, writing: Writing) -> bytes:
        return encode_by_pillow(image, "WEBP", writing.metadata, **writing.options.settings)

    def encode_series(self, pictures: Sequence[Picture], plays: int, writing: Writing) -> bytes:
        settings = writing.options.settings
        return saved_animation(pictures, "WEBP", plays, writing.metadata, **settings)


def _decode_chunk(file: BinaryIO, frame: WebpFrame, where: Where) -> Part:
    pixels = swapped(by_opencv(one_picture_file(file, frame.stored, where), where))
    if pixels.shape[:2] != (frame.stored.height, frame.stored.width):
        raise damaged(where, "a picture of its animation is of another size")
    return Part(pixels, frame.top, frame.left, frame.milliseconds, frame.disposal, frame.lies_over)
