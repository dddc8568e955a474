"""What the directory of a TIFF page says of its pixels, and where their rows lie."""

from __future__ import annotations

import attrs

from srcore.errors import DataError
from srcore.images.format import Where, damaged, truncated, unsupported
from srcore.images.tiff import rows as tiff_rows
from srcore.images.tiff.directory import Value, numbers_of

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, CMYK, YCBCR = 0, 1, 2, 3, 5, 6
#: Photometric interpretation -> stored colors, and channels of what is made of them.
COLORS = {
    WHITE_IS_ZERO: (1, 1),
    BLACK_IS_ZERO: (1, 1),
    RGB: (3, 3),
    PALETTE: (1, 3),
    CMYK: (4, 3),
    YCBCR: (3, 3),
}
_NAMES = {4: "mask", 8: "CIELAB", 9: "ICCLAB", 10: "ITULAB", 32803: "raw", 34892: "linear raw"}
_PACKED_AS = {
    6: "JPEG of the old kind",
    34712: "JPEG 2000",
    34887: "LERC",
    34933: "PNG",
    50001: "WebP",
    50002: "JPEG XL",
}
_ASSOCIATED, STRAIGHT = 1, 2
_FAX_FIELDS = (292, 293, 327)


@attrs.frozen
class TiffLayout:
    """How samples are stored; ``alpha`` is the number of its sample."""

    width: int
    height: int
    bits: int
    samples: int
    photometric: int
    alpha: int | None
    is_associated: bool
    is_planar: bool
    compression: int
    predictor: int
    orientation: int
    order: str
    has_further_samples: bool

    @property
    def colors(self) -> int:
        """Stored colors."""
        return COLORS[self.photometric][0]

    @property
    def channels(self) -> int:
        """Of what is made of them."""
        return COLORS[self.photometric][1] + (self.alpha is not None)


def layout_of(fields: dict[int, Value], order: str, where: Where) -> TiffLayout:  # noqa: C901 - a check for each field
    """What the fields say.

    Raises:
        DataError: they make no sense, or are of a kind that is not read exactly.
    """

    def number(tag: int, default: int) -> int:
        return numbers_of(fields, tag, order, default)[0]

    width, height = number(256, 0), number(257, 0)
    samples = number(277, 1)
    photometric = number(262, -1)
    compression = number(259, 1)
    if not 0 < width < 2**31 or not 0 < height < 2**31 or not 0 < samples < 2**10:
        raise damaged(where, "its directory makes no sense")
    bits = _bits(numbers_of(fields, 258, order, 1), numbers_of(fields, 339, order, 1), where)
    if 262 not in fields:
        raise unsupported(where, "TIFF that does not say what its pixels are")
    if photometric not in COLORS:
        name = _NAMES.get(photometric, f"photometric interpretation {photometric}")
        raise unsupported(where, f"TIFF with {name} pixels")
    if photometric == CMYK and number(332, 1) != 1:
        raise unsupported(where, "TIFF with other inks than CMYK")
    is_jpeg = compression == tiff_rows.JPEG
    if photometric == YCBCR and not is_jpeg:
        raise unsupported(where, "TIFF with YCbCr pixels that are not JPEG")
    known = {tiff_rows.NONE, tiff_rows.JPEG, *tiff_rows.DEFLATE, *tiff_rows.BY_LIBTIFF}
    is_fax = compression in tiff_rows.FAX
    if compression not in known and not is_fax:
        name = _PACKED_AS.get(compression, f"compression {compression}")
        raise unsupported(where, f"TIFF with {name}")
    colors = COLORS[photometric][0]
    if samples < colors:
        raise damaged(where, f"{samples} samples per pixel for {colors} colors")
    if is_fax and (bits != 1 or samples != 1):
        raise damaged(where, "a fax of several bits")
    if is_jpeg and (bits != 8 or samples != colors or photometric == PALETTE):
        raise unsupported(where, f"TIFF with JPEG of {bits} bits and {samples} channels")
    if photometric == PALETTE and bits > 8:
        raise unsupported(where, f"TIFF with a palette of {bits} bits")
    predictor = number(317, 1)
    if predictor not in (1, 2) or (predictor == 2 and bits not in (8, 16)):
        raise unsupported(where, f"TIFF with predictor {predictor} and {bits} bits")
    alpha, is_associated = _alpha(numbers_of(fields, 338, order), 338 in fields, samples - colors)
    orientation = number(274, 1)
    return TiffLayout(
        width=width,
        height=height,
        bits=bits,
        samples=samples,
        photometric=photometric,
        alpha=None if alpha is None else colors + alpha,
        is_associated=is_associated,
        is_planar=number(284, 1) == 2 and samples > 1,
        compression=compression,
        predictor=predictor,
        orientation=orientation if orientation in range(1, 9) else 1,
        order=order,
        has_further_samples=samples - colors > (alpha is not None),
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
    """Which of the extra samples is alpha, and whether colors are multiplied with it."""
    for position, kind in enumerate(kinds[:extra]):
        if kind in (_ASSOCIATED, STRAIGHT):
            return position, kind == _ASSOCIATED
    # One more sample without a word about it is alpha for all programs.
    return (0, False) if extra == 1 and not is_given else (None, False)


def rows_of(
    fields: dict[int, Value], layout: TiffLayout, plane: int, where: Where
) -> tiff_rows.Rows:
    """Where the rows of a plane lie, or those of all samples.

    Raises:
        DataError: the file's fields do not say it.
    """
    order = layout.order
    is_tiled = 324 in fields or 322 in fields
    samples = 1 if layout.is_planar else layout.samples
    if is_tiled:
        columns, part_height = (numbers_of(fields, tag, order, 0)[0] for tag in (322, 323))
        if (
            not (0 < columns < 2**24 and 0 < part_height < 2**24)
            or columns * samples * layout.bits % 8
        ):
            raise damaged(where, "tiles of no size")
        part_width = columns * samples * layout.bits // 8
        across = -(-layout.width // columns)
    else:
        part_height = min(numbers_of(fields, 278, order, layout.height)[0], layout.height)
        if not part_height:
            raise damaged(where, "strips of no size")
        part_width = (layout.width * samples * layout.bits + 7) // 8
        across = 1
    count = across * -(-layout.height // part_height)
    offsets = numbers_of(fields, 324 if is_tiled else 273, order)
    lengths = numbers_of(fields, 325 if is_tiled else 279, order)
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
        bits_reversed=numbers_of(fields, 266, order, 1)[0] == 2,
        columns=layout.width,
        codec_fields={tag: fields[tag] for tag in wanted if tag in fields},
    )
