"""TIFF 6.0 and BigTIFF: the first page, with any number of bits up to 16, planes, and alpha."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, BinaryIO

import attrs
import numpy as np
from numpy.typing import NDArray

from srcore.errors import DataError
from srcore.images import tiff_rows
from srcore.images.format import (
    Holds,
    ImageArray,
    ImageFormat,
    ImageHeader,
    Picture,
    Where,
    Writing,
    damaged,
    truncated,
    unsupported,
)
from srcore.images.metadata import Metadata
from srcore.images.pillow import as_array, opened
from srcore.images.samples import divided_by_alpha, stretched, summed, unpacked, without_ink
from srcore.images.tiff_directory import (
    LONG,
    SHORT,
    BadDirectoryError,
    TiffStart,
    Value,
    pages,
    pages_with_places,
    read_start,
    value_of,
    with_first,
    write_directories,
)
from srcore.images.tiff_metadata import MetadataFields, fields_of, metadata_of

if TYPE_CHECKING:
    from srcore.data.cropping import Window

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK, _YCBCR = 0, 1, 2, 3, 5, 6
#: Photometric interpretation -> stored colours, and channels of what is made of them.
_COLOURS = {
    _WHITE_IS_ZERO: (1, 1),
    _BLACK_IS_ZERO: (1, 1),
    _RGB: (3, 3),
    _PALETTE: (1, 3),
    _CMYK: (4, 3),
    _YCBCR: (3, 3),
}
_NAMES = {4: "mask", 8: "CIELAB", 9: "ICCLAB", 10: "ITULAB", 32803: "raw", 34892: "linear raw"}
_ASSOCIATED, _STRAIGHT = 1, 2
_FAX_FIELDS = (292, 293, 327)
_JPEG_FIELDS = (347, 530, 531, 532)
_STRIP_BYTES = 2**18
_COMPRESSION_LEVEL = 6


@attrs.frozen
class _Layout:
    width: int
    height: int
    bits: int
    samples: int
    photometric: int
    alpha: int | None  # number of the sample
    is_associated: bool
    is_planar: bool
    compression: int
    predictor: int
    orientation: int
    order: str
    has_further_samples: bool

    @property
    def colours(self) -> int:
        """Stored colours."""
        return _COLOURS[self.photometric][0]

    @property
    def channels(self) -> int:
        return _COLOURS[self.photometric][1] + (self.alpha is not None)


class Tiff(ImageFormat):
    """Tagged image file format."""

    name = "TIFF"
    suffixes = (".tif", ".tiff")
    holds = Holds(
        bits=(8, 16),
        channels=(1, 2, 3, 4),
        metadata=frozenset({"icc_profile", "exif", "dpi"}),
        series="pages",
    )
    series = "pages"
    # LZW makes at most 2800 bytes of one, and a byte holds 8 pixels of 1 bit.
    pixels_per_byte = 8 * 2800

    def recognises(self, start: bytes) -> bool:
        return start[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

    def header(self, file: BinaryIO, where: Where) -> ImageHeader:
        start, fields, frames = _first_page(file, where)
        layout = _layout(fields, start.order, where)
        metadata = metadata_of(file, start, fields)
        if layout.has_further_samples:
            metadata = attrs.evolve(metadata, others=(*metadata.others, "further channels"))
        return ImageHeader.of_stored(
            layout.height,
            layout.width,
            8 if layout.bits <= 8 else 16,
            layout.channels,
            layout.orientation,
            frames=frames,
            metadata=metadata,
        )

    def decode(self, data: bytes, header: ImageHeader, where: Where) -> ImageArray:
        start, fields, _ = _first_page(io.BytesIO(data), where, count=False)
        layout = _layout(fields, start.order, where)
        if layout.compression == tiff_rows.JPEG:
            return _photograph(data, fields, layout, where)
        return _part(data, fields, layout, None, where)

    def decode_part(
        self, data: bytes, header: ImageHeader, window: Window, where: Where
    ) -> ImageArray:
        start, fields, _ = _first_page(io.BytesIO(data), where, count=False)
        layout = _layout(fields, start.order, where)
        if layout.compression == tiff_rows.JPEG:
            return super().decode_part(data, header, window, where)
        return _part(data, fields, layout, window, where)

    def encode(self, image: ImageArray, writing: Writing) -> bytes:
        return _encoded([image], writing.metadata)

    def decode_series(
        self, data: bytes, header: ImageHeader, where: Where
    ) -> tuple[int, Iterator[Picture]]:
        return 0, (self._page(data, place, where) for place in _places(data, where))

    def _page(self, data: bytes, place: int, where: Where) -> Picture:
        """The page whose directory lies at a place: the first, if the file pointed to it."""
        moved = with_first(data, place)
        header = self.header(io.BytesIO(moved), where)
        return Picture(self.decode(moved, header, where), orientation=header.orientation)

    def encode_series(self, pictures: Sequence[Picture], plays: int, writing: Writing) -> bytes:
        return _encoded([it.image for it in pictures], writing.metadata)


def _places(data: bytes, where: Where) -> list[int]:
    """Where the directories of all pages lie, without those of smaller copies."""
    file = io.BytesIO(data)
    try:
        start = read_start(file)
        chain = list(pages_with_places(file, start))
    except (BadDirectoryError, struct.error) as error:
        raise damaged(where, error) from error
    copies = {place for place, page in chain[1:] if _numbers(page, 254, start.order, 0)[0] & 1}
    return [place for place, _ in chain if place not in copies]


def _first_page(
    file: BinaryIO, where: Where, *, count: bool = True
) -> tuple[TiffStart, dict[int, Value], int]:
    try:
        start = read_start(file)
        chain = pages(file, start)
        first = next(chain, None)
        # Smaller copies of a page are no pages (NewSubfileType, bit 0).
        others = chain if count else ()
        full = [page for page in others if not _numbers(page, 254, start.order, 0)[0] & 1]
    except (BadDirectoryError, struct.error) as error:
        raise damaged(where, error) from error
    if first is None:
        raise truncated(where)
    return start, first, 1 + len(full)


def _numbers(fields: dict[int, Value], tag: int, order: str, *default: int) -> tuple[int, ...]:
    found = fields[tag].integers(order) if tag in fields else ()
    return found or default


def _layout(fields: dict[int, Value], order: str, where: Where) -> _Layout:
    def number(tag: int, default: int) -> int:
        return _numbers(fields, tag, order, default)[0]

    width, height = number(256, 0), number(257, 0)
    samples = number(277, 1)
    photometric = number(262, -1)
    compression = number(259, 1)
    if not 0 < width < 2**31 or not 0 < height < 2**31 or not 0 < samples < 2**10:
        raise damaged(where, "its directory makes no sense")
    bits = _bits(_numbers(fields, 258, order, 1), _numbers(fields, 339, order, 1), where)
    if photometric not in _COLOURS:
        name = _NAMES.get(photometric, f"photometric interpretation {photometric}")
        raise unsupported(where, f"TIFF with {name} pixels")
    is_jpeg = compression == tiff_rows.JPEG
    if photometric == _YCBCR and not is_jpeg:
        raise unsupported(where, "TIFF with YCbCr pixels that are not JPEG")
    known = {tiff_rows.NONE, tiff_rows.JPEG, *tiff_rows.DEFLATE, *tiff_rows.BY_LIBTIFF}
    is_fax = compression in tiff_rows.FAX
    if compression not in known and not is_fax:
        raise unsupported(where, f"TIFF with compression {compression}")
    colours = _COLOURS[photometric][0]
    if samples < colours:
        raise damaged(where, f"{samples} samples per pixel for {colours} colours")
    if is_fax and (bits != 1 or samples != 1):
        raise damaged(where, "a fax of several bits")
    if is_jpeg and (bits != 8 or samples != colours or photometric == _PALETTE):
        raise unsupported(where, f"TIFF with JPEG of {bits} bits and {samples} channels")
    if photometric == _PALETTE and bits > 8:
        raise unsupported(where, f"TIFF with a palette of {bits} bits")
    predictor = number(317, 1)
    if predictor not in (1, 2) or (predictor == 2 and bits not in (8, 16)):
        raise unsupported(where, f"TIFF with predictor {predictor} and {bits} bits")
    alpha, is_associated = _alpha(_numbers(fields, 338, order), 338 in fields, samples - colours)
    orientation = number(274, 1)
    return _Layout(
        width=width,
        height=height,
        bits=bits,
        samples=samples,
        photometric=photometric,
        alpha=None if alpha is None else colours + alpha,
        is_associated=is_associated,
        is_planar=number(284, 1) == 2 and samples > 1,
        compression=compression,
        predictor=predictor,
        orientation=orientation if orientation in range(1, 9) else 1,
        order=order,
        has_further_samples=samples - colours > (alpha is not None),
    )


def _bits(bits: tuple[int, ...], kinds: tuple[int, ...], where: Where) -> int:
    if len(set(bits)) > 1:
        raise unsupported(where, f"TIFF with channels of {', '.join(map(str, bits))} bits")
    name = {1: "uint", 2: "int", 3: "float", 4: "uint"}.get(kinds[0], "unknown ")
    if name != "uint" or bits[0] > 16:
        raise DataError(f"{where}: {name}{bits[0]} pixels; expected 8 or 16 bits per channel")
    if bits[0] < 1:
        raise damaged(where, "pixels of no bits")
    return bits[0]


def _alpha(kinds: tuple[int, ...], is_given: bool, extra: int) -> tuple[int | None, bool]:
    """Which of the extra samples is alpha, and whether colours are multiplied with it."""
    for position, kind in enumerate(kinds[:extra]):
        if kind in (_ASSOCIATED, _STRAIGHT):
            return position, kind == _ASSOCIATED
    # One more sample without a word about it is alpha for all programs.
    return (0, False) if extra == 1 and not is_given else (None, False)


def _rows(fields: dict[int, Value], layout: _Layout, plane: int, where: Where) -> tiff_rows.Rows:
    order = layout.order
    is_tiled = 324 in fields or 322 in fields
    samples = 1 if layout.is_planar else layout.samples
    if is_tiled:
        columns, part_height = (_numbers(fields, tag, order, 0)[0] for tag in (322, 323))
        if (
            not (0 < columns < 2**24 and 0 < part_height < 2**24)
            or columns * samples * layout.bits % 8
        ):
            raise damaged(where, "tiles of no size")
        part_width = columns * samples * layout.bits // 8
        across = -(-layout.width // columns)
    else:
        part_height = min(_numbers(fields, 278, order, layout.height)[0], layout.height)
        if not part_height:
            raise damaged(where, "strips of no size")
        part_width = (layout.width * samples * layout.bits + 7) // 8
        across = 1
    count = across * -(-layout.height // part_height)
    offsets = _numbers(fields, 324 if is_tiled else 273, order)
    lengths = _numbers(fields, 325 if is_tiled else 279, order)
    if not lengths and len(offsets) == count == 1:
        lengths = (part_width * part_height,)
    chosen = slice(plane * count, (plane + 1) * count)
    if len(offsets[chosen]) < count or len(lengths[chosen]) < count:
        raise truncated(where)
    wanted = _FAX_FIELDS if layout.compression in tiff_rows.FAX else ()
    return tiff_rows.Rows(
        height=layout.height,
        width=across * part_width,
        part_height=part_height,
        part_width=part_width,
        is_tiled=is_tiled,
        offsets=offsets[chosen],
        counts=lengths[chosen],
        compression=layout.compression,
        order=order,
        bits_reversed=_numbers(fields, 266, order, 1)[0] == 2,
        columns=layout.width,
        codec_fields={tag: fields[tag] for tag in wanted if tag in fields},
    )


def _part(
    data: bytes, fields: dict[int, Value], layout: _Layout, window: Window | None, where: Where
) -> ImageArray:
    """A part of the pixels or all, made of some rows at a time."""
    planes = [
        _rows(fields, layout, plane, where)
        for plane in range(layout.samples if layout.is_planar else 1)
    ]
    top, left = (window.top, window.left) if window else (0, 0)
    bottom, right = (window.bottom, window.right) if window else (layout.height, layout.width)
    dtype = np.uint8 if layout.bits <= 8 else np.uint16
    result = np.empty((bottom - top, right - left, layout.channels), dtype)
    readers = [tiff_rows.read_bands(data, rows, where, top, bottom) for rows in planes]
    for together in zip(*readers, strict=True):
        start = together[0][0]
        parts = [
            _samples(band, rows, layout) for (_, band), rows in zip(together, planes, strict=True)
        ]
        samples = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)
        first, last = max(0, top - start), min(len(samples), bottom - start)
        if first < last:
            row = start + first - top
            samples = samples[first:last, left:right]
            result[row : row + last - first] = _coloured(samples, layout, fields, where)
    return result


def _samples(stored: NDArray[np.uint8], rows: tiff_rows.Rows, layout: _Layout) -> ImageArray:
    """``(h, W, samples)`` of rows of one plane or of all, as they are stored."""
    if layout.bits == 16:
        stored = stored.view(f"{layout.order}u2")
    elif layout.bits != 8:
        stored = unpacked(stored, layout.bits)
    samples = 1 if layout.is_planar else layout.samples
    across = rows.width // rows.part_width
    # A row of tiles side by side: each begins anew.
    tiles = stored[:, : stored.shape[1] // (across * samples) * across * samples]
    if not rows.is_tiled:
        tiles = stored[:, : layout.width * samples]
    if layout.predictor == 2:
        tiles = tiles.astype(tiles.dtype.newbyteorder("="))
        tiles = summed(tiles.reshape(len(tiles) * across, -1), samples).reshape(len(tiles), -1)
    return tiles.reshape(len(tiles), -1, samples)[:, : layout.width]


def _coloured(
    samples: ImageArray, layout: _Layout, fields: dict[int, Value], where: Where
) -> ImageArray:
    """Stored samples -> gray or RGB of 8 or 16 bits, with straight alpha."""
    colours = samples[..., : layout.colours]
    if layout.photometric == _PALETTE:
        colours = _looked_up(colours, layout, fields, where)
    else:
        colours = stretched(colours, 2**layout.bits - 1)
        if layout.photometric == _WHITE_IS_ZERO:
            colours = ~colours
        elif layout.photometric == _CMYK:
            colours = without_ink(colours)
    if layout.alpha is None:
        return np.ascontiguousarray(colours)
    alpha = stretched(samples[..., layout.alpha : layout.alpha + 1], 2**layout.bits - 1)
    image = np.concatenate([colours, alpha], axis=-1)
    return divided_by_alpha(image) if layout.is_associated else image


def _looked_up(
    indices: ImageArray, layout: _Layout, fields: dict[int, Value], where: Where
) -> ImageArray:
    numbers = _numbers(fields, 320, layout.order)
    if len(numbers) < 3 * 2**layout.bits:
        raise damaged(where, "no palette")
    palette = np.array(numbers[: 3 * 2**layout.bits], np.uint16).reshape(3, -1).T
    # 16 bits by the standard; some programs write 8.
    palette = (palette >> 8 if palette.max() > 255 else palette).astype(np.uint8)
    coloured: ImageArray = palette[indices[..., 0]]
    return coloured


def _photograph(data: bytes, fields: dict[int, Value], layout: _Layout, where: Where) -> ImageArray:
    """Strips or tiles that are JPEG, decoded by libtiff."""
    structural = (256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 322, 323, 324, 325)
    kept = {tag: fields[tag] for tag in (*structural, *_JPEG_FIELDS) if tag in fields}
    content = tiff_rows.with_directory(data, layout.order, kept)
    with opened(io.BytesIO(content), "TIFF", where) as image:
        pixels = as_array(image, "L" if layout.channels == 1 else "RGB")
    return 255 - pixels if layout.photometric == _WHITE_IS_ZERO else pixels


def _encoded(images: Sequence[ImageArray], metadata: Metadata) -> bytes:
    """Pages one after the other, each with its directory behind its strips."""
    described = fields_of(metadata)
    order = described.order
    content = bytearray(b"II*\0" if order == "<" else b"MM\0*")
    link = len(content)  # where the place of the next directory is written
    content += bytes(4)
    for image in images:
        strips, directory, place = _page(image, described, len(content))
        struct.pack_into(f"{order}I", content, link, place)
        for strip in strips:
            content += strip
        content += bytes(place - len(content)) + directory
        content += bytes(len(content) % 2)
        link = place + 2 + 12 * int(struct.unpack_from(f"{order}H", directory)[0])
    return bytes(content)


def _page(
    image: ImageArray, described: MetadataFields, start: int
) -> tuple[list[bytes], bytes, int]:
    """Strips of deflated differences, as most programs write and all read them.

    They are to lie at ``start``. Also the directory, and where it is to lie.
    """
    height, width, channels = image.shape
    order = described.order
    dtype = np.dtype(f"{order}u{image.itemsize}")
    step = max(1, _STRIP_BYTES // (width * channels * image.itemsize))
    strips = []
    for top in range(0, height, step):
        part = image[top : top + step]
        differences = np.concatenate([part[:, :1], part[:, 1:] - part[:, :-1]], axis=1)
        strips.append(zlib.compress(differences.astype(dtype).tobytes(), _COMPRESSION_LEVEL))
    lengths = [len(strip) for strip in strips]
    offsets = [start, *(start + it for it in accumulate(lengths[:-1]))]
    place = start + sum(lengths)
    place += place % 2
    if place >= 2**32 - 2**20:
        raise DataError("TIFF holds at most 4 GiB; use .png")
    fields = {
        **described.fields,
        256: value_of(order, LONG, width),
        257: value_of(order, LONG, height),
        258: value_of(order, SHORT, *[8 * image.itemsize] * channels),
        259: value_of(order, SHORT, tiff_rows.DEFLATE[0]),
        262: value_of(order, SHORT, _RGB if channels >= 3 else _BLACK_IS_ZERO),
        273: value_of(order, LONG, *offsets),
        277: value_of(order, SHORT, channels),
        278: value_of(order, LONG, step),
        279: value_of(order, LONG, *lengths),
        284: value_of(order, SHORT, 1),
        317: value_of(order, SHORT, 2),
    }
    if channels in (2, 4):
        fields[338] = value_of(order, SHORT, _STRAIGHT)
    return strips, write_directories(order, fields, described.below, place), place
