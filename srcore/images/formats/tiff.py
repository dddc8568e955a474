"""TIFF 6.0 and BigTIFF: full pages, with any number of bits up to 16, planes, and alpha."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO

import attrs

from srcore.images.format import (
    Holds,
    ImageArray,
    ImageHeader,
    Picture,
    ReadsSeries,
    Where,
    WritesSeries,
    Writing,
)
from srcore.images.tiff import rows as tiff_rows
from srcore.images.tiff.directory import TiffStart, Value
from srcore.images.tiff.layout import layout_of
from srcore.images.tiff.metadata import metadata_of
from srcore.images.tiff.pages import every_page, pages_of, refuse_cut
from srcore.images.tiff.pixels import photograph, read_part
from srcore.images.tiff.written_pages import LARGEST_BYTES, Compression, encoded_pages
from srcore.options import option

if TYPE_CHECKING:
    from srcore.data.cropping import Window


@attrs.frozen(kw_only=True)
class TiffOptions:
    """How a TIFF is written."""

    compression: Compression = option("deflate", "how pixels are packed, without loss")


class Tiff(ReadsSeries, WritesSeries):
    """Tagged image file format."""

    name = "TIFF"
    suffixes = (".tif", ".tiff")
    holds = Holds(
        bits=(8, 16),
        channels=(1, 2, 3, 4),
        largest_bytes=LARGEST_BYTES,
        metadata=frozenset({"icc_profile", "exif", "dpi"}),
        series="pages",
    )
    options = TiffOptions
    series = "pages"
    # LZW makes at most 2800 bytes of one, and a byte holds 8 pixels of 1 bit.
    pixels_per_byte = 8 * 2800

    def recognizes(self, start: bytes) -> bool:
        return start[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

    def header(self, file: BinaryIO, where: Where) -> ImageHeader:
        pages = pages_of(file, where)
        header = _page_header(file, pages.start, pages.first, where)
        others = (*header.metadata.others, *pages.others)
        metadata = attrs.evolve(header.metadata, others=others)
        return attrs.evolve(header, frame_count=pages.count, metadata=metadata)

    def decode(self, file: BinaryIO, header: ImageHeader, where: Where) -> ImageArray:
        pages = pages_of(file, where, count=False)
        return _page_pixels(file, pages.start, pages.first, where)

    def decode_part(
        self, file: BinaryIO, header: ImageHeader, window: Window, where: Where
    ) -> ImageArray:
        pages = pages_of(file, where, count=False)
        layout = layout_of(pages.first, pages.start.order, where)
        if layout.compression == tiff_rows.JPEG:
            return super().decode_part(file, header, window, where)
        return read_part(file, pages.first, layout, window, where)

    def verify(self, file: BinaryIO, header: ImageHeader, where: Where) -> ImageArray:
        refuse_cut(file, where)
        return self.decode(file, header, where)

    def encode(self, image: ImageArray, writing: Writing) -> bytes:
        return encoded_pages([image], writing.metadata, writing.options.compression)

    def decode_series(
        self, data: bytes, header: ImageHeader, where: Where
    ) -> tuple[int, Iterator[Picture]]:
        def pictures() -> Iterator[Picture]:
            file = io.BytesIO(data)
            for start, fields in every_page(file, where):
                orientation = _page_header(file, start, fields, where).orientation
                yield Picture(_page_pixels(file, start, fields, where), orientation=orientation)

        return 0, pictures()

    def encode_series(self, pictures: Sequence[Picture], plays: int, writing: Writing) -> bytes:
        images = [it.image for it in pictures]
        return encoded_pages(images, writing.metadata, writing.options.compression)


def _page_header(
    file: BinaryIO, start: TiffStart, fields: dict[int, Value], where: Where
) -> ImageHeader:
    """Of one page."""
    layout = layout_of(fields, start.order, where)
    metadata = metadata_of(file, start, fields)
    if layout.has_further_samples:
        metadata = attrs.evolve(metadata, others=(*metadata.others, "further channels"))
    return ImageHeader.of_stored(
        layout.height,
        layout.width,
        8 if layout.bits <= 8 else 16,
        layout.channels,
        layout.orientation,
        metadata=metadata,
    )


def _page_pixels(
    file: BinaryIO, start: TiffStart, fields: dict[int, Value], where: Where
) -> ImageArray:
    layout = layout_of(fields, start.order, where)
    if layout.compression == tiff_rows.JPEG:
        return photograph(file, fields, layout, where)
    return read_part(file, fields, layout, None, where)
