"""TIFF of every kind against what was stored in it; tifffile confirms that it was."""

import io
import itertools
import random
import struct
import zlib

import numpy as np
import pytest
import tifffile

from srcore.errors import DataError
from srcore.images import Metadata, decode_header, decode_image, encode_image

BITS = (1, 2, 4, 8, 12, 16)
#: Photometric interpretation -> stored colors.
PHOTOMETRIC = {0: 1, 1: 1, 2: 3, 3: 1, 5: 4}
#: ExtraSamples: none, unspecified, associated and straight alpha; alpha of a missing tag.
EXTRA = (None, 0, 1, 2, "untold")
COMPRESSION = ("none", "deflate", "lzw", "packbits", "deflate+2", "lzw+2")
LAYOUT = ("strips", "tiles")
PLANAR = (False, True)
#: EXIF orientation -> what turns the stored rows upright.
UPRIGHT = {
    1: lambda it: it,
    2: lambda it: it[:, ::-1],
    3: lambda it: it[::-1, ::-1],
    4: lambda it: it[::-1],
    5: lambda it: it.swapaxes(0, 1),
    6: lambda it: np.rot90(it, -1),
    7: lambda it: it[::-1, ::-1].swapaxes(0, 1),
    8: lambda it: np.rot90(it, 1),
}


def product(first=0):
    """All combinations that the format has, each with an orientation and a byte order."""
    kinds = itertools.product(PHOTOMETRIC, BITS, EXTRA, PLANAR, COMPRESSION, LAYOUT)
    number = first
    for photometric, bits, extra, planar, compression, layout in kinds:
        predicted = compression.endswith("+2")
        impossible = (
            (photometric == 3 and bits > 8)
            or (predicted and bits not in (8, 16))
            or (planar and PHOTOMETRIC[photometric] == 1 and extra is None)
        )
        if not impossible:
            number += 1
            yield (
                photometric,
                bits,
                extra,
                planar,
                compression,
                layout,
                1 + number % 8,
                "<>"[number // 8 % 2],
            )


def build(kind, seed):
    """Content of a file, what was stored in it, and what it should be read as."""
    photometric, bits, extra, planar, compression, layout, orientation, order = kind
    generator = np.random.default_rng(seed)
    height, width = (int(generator.integers(1, 20)) for _ in "hw")
    count = PHOTOMETRIC[photometric] + (extra is not None)
    stored = generator.integers(0, 2**bits, (height, width, count))
    palette = generator.integers(256, 65536, (3, 2**bits)) if photometric == 3 else None
    name, _, predictor = compression.partition("+")
    code = {"none": 1, "deflate": 8, "lzw": 5, "packbits": 32773}[name]
    pack = {"none": bytes, "deflate": zlib.compress, "lzw": lzw, "packbits": packbits}[name]
    planes = [stored[..., [it]] for it in range(count)] if planar else [stored]
    parts = []
    for plane in planes:
        if layout == "tiles":
            tall, wide = -height % 16, -width % 16
            plane = np.pad(plane, ((0, tall), (0, wide), (0, 0)))
            pieces = [
                plane[top : top + 16, left : left + 16]
                for top in range(0, height, 16)
                for left in range(0, width, 16)
            ]
        else:
            pieces = [plane[top : top + 7] for top in range(0, height, 7)]
        parts += [pack(rows_of(piece, bits, order, bool(predictor))) for piece in pieces]
    offsets = [8 + sum(map(len, parts[:number])) for number in range(len(parts))]
    lengths = [len(part) for part in parts]
    fields = {
        256: (4, [width]),
        257: (4, [height]),
        258: (3, [bits] * count),
        259: (3, [code]),
        262: (3, [photometric]),
        274: (3, [orientation]),
        277: (3, [count]),
        284: (3, [2 if planar else 1]),
    }
    if layout == "tiles":
        fields |= {322: (3, [16]), 323: (3, [16]), 324: (4, offsets), 325: (4, lengths)}
    else:
        fields |= {273: (4, offsets), 278: (3, [7]), 279: (4, lengths)}
    if predictor:
        fields[317] = (3, [2])
    if extra in (0, 1, 2):
        fields[338] = (3, [extra])
    if palette is not None:
        fields[320] = (3, palette.ravel().tolist())
    content = file_of(order, fields, b"".join(parts))
    return content, stored, expected_of(stored, kind, palette)


def file_of(order, fields, data):
    """A file with one directory behind the data."""
    place = 8 + len(data) + len(data) % 2
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, place)
    table, tail = struct.pack(f"{order}H", len(fields)), b""
    for tag, (kind, values) in sorted(fields.items()):
        packed = struct.pack(f"{order}{len(values)}{' BBHI'[kind]}", *values)
        if len(packed) > 4:
            offset = place + 6 + 12 * len(fields) + len(tail)
            tail += packed
            packed = struct.pack(f"{order}I", offset)
        table += struct.pack(f"{order}HHI", tag, kind, len(values)) + packed.ljust(4, b"\0")
    return head + data + bytes(len(data) % 2) + table + bytes(4) + tail


def rows_of(piece, bits, order, predicted):
    """Rows of samples as bytes, each row filled up to whole bytes."""
    if predicted:
        piece = np.diff(piece, axis=1, prepend=0) % 2**bits
    if bits == 16:
        return piece.astype(f"{order}u2").tobytes()
    rows = ("".join(f"{value:0{bits}b}" for value in row.ravel().tolist()) for row in piece)
    return b"".join(
        int(row.ljust(-(-len(row) // 8) * 8, "0"), 2).to_bytes(-(-len(row) // 8), "big")
        for row in rows
    )


def packbits(data):
    """Runs where there are some, else literal bytes (TIFF 6.0, section 9)."""
    result = b""
    for value, group in itertools.groupby(data):
        count = len(list(group))
        while count > 0:
            step = min(count, 128)
            result += bytes([(257 - step) % 256 if step > 1 else 0, value])
            count -= step
    return result


def lzw(data):
    """Codes of 9 to 12 bits, the width growing one code early (TIFF 6.0, section 13)."""
    table = {bytes([value]): value for value in range(256)}
    bits, width, prefix = f"{256:09b}", 9, b""
    following = 258
    for value in data:
        longer = prefix + bytes([value])
        if longer in table:
            prefix = longer
            continue
        bits += f"{table[prefix]:0{width}b}"
        table[longer] = following
        following += 1
        width = max(9, min(12, (following).bit_length()))
        prefix = bytes([value])
        if following == 4094:
            bits += f"{256:0{width}b}"
            table = {bytes([it]): it for it in range(256)}
            following, width = 258, 9
    if prefix:
        bits += f"{table[prefix]:0{width}b}"
        following += 1
        width = max(9, min(12, following.bit_length()))
    bits += f"{257:0{width}b}"
    bits = bits.ljust(-(-len(bits) // 8) * 8, "0")
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def expected_of(stored, kind, palette):
    """The image by the words of the standard, in floating point."""
    photometric, bits, extra, _, _, _, orientation, _ = kind
    dtype = np.uint8 if bits <= 8 else np.uint16
    full, largest = np.iinfo(dtype).max, 2**bits - 1
    values = np.floor(stored * full / largest + 0.5)
    colors = values[..., : PHOTOMETRIC[photometric]]
    if photometric == 0:
        colors = full - colors
    elif photometric == 3:
        colors = palette.T[stored[..., 0]] // 256
    elif photometric == 5:
        colors = np.floor((full - colors[..., :3]) * (full - colors[..., 3:]) / full + 0.5)
    if extra not in (None, 0):
        alpha = values[..., -1:]
        if extra == 1:
            with np.errstate(divide="ignore", invalid="ignore"):
                divided = np.minimum(np.floor(colors * full / alpha + 0.5), full)
            colors = np.where(alpha > 0, divided, 0)
        colors = np.concatenate([colors, alpha], axis=-1)
    return np.ascontiguousarray(UPRIGHT[orientation](colors.astype(dtype)))


def confirmed(content, stored, kind):
    """Whether tifffile, which knows some of the compressions, finds what was stored."""
    _, bits, _, planar, compression, _, _, _ = kind
    if compression not in ("none", "deflate") or bits not in (8, 16):
        return False
    with tifffile.TiffFile(io.BytesIO(content)) as file:
        seen = (
            file.pages[0]
            .asarray(squeeze=False)
            .reshape(-1, *stored.shape[:2], *((1,) if planar else (stored.shape[2],)))
        )
    samples = np.concatenate(list(seen), axis=-1)
    np.testing.assert_array_equal(samples, stored, err_msg=str(kind))
    return True


def check(kinds, agrees):
    """How many files were read as they should, and how many of them tifffile has confirmed."""
    count = by_tifffile = 0
    for seed, kind in enumerate(kinds):
        content, stored, expected = build(kind, seed)
        by_tifffile += confirmed(content, stored, kind)
        agrees(content, expected, kind)
        count += 1
    return count, by_tifffile


def test_a_sample_is_read_as_it_was_stored(agrees):
    count, by_tifffile = check(random.Random(0).sample(list(product()), 200), agrees)
    assert count == 200
    assert by_tifffile > 20


@pytest.mark.slow
def test_every_kind_is_read_as_it_was_stored(agrees):
    count, by_tifffile = check(product(), agrees)
    print(f"{count} TIFF files, {by_tifffile} of them confirmed by tifffile")
    assert count > 2000
    assert by_tifffile > 300


@pytest.mark.stress
def test_every_kind_in_every_orientation_is_read_as_it_was_stored(agrees, stress_result):
    kinds = list(itertools.chain.from_iterable(product(first) for first in range(8)))
    count, by_tifffile = check(kinds, agrees)
    stress_result("tiff-product", files=count, confirmed_by_tifffile=by_tifffile)


@pytest.mark.parametrize(
    ("tag", "values", "message"),
    [
        (259, [6], "TIFF with JPEG of the old kind"),
        (259, [34712], "TIFF with JPEG 2000"),
        (259, [34933], "TIFF with PNG"),
        (262, [32803], "TIFF with raw pixels"),
        (262, None, "TIFF that does not say what its pixels are"),
        (317, [3], "TIFF with predictor 3"),
    ],
)
def test_what_a_field_says_is_named(tag, values, message):
    fields = {256: 4, 257: 4, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: 4, 279: 16}
    fields = {name: (3, [value]) for name, value in fields.items()} | {tag: (3, values)}
    content = file_of("<", {name: it for name, it in fields.items() if it[1]}, bytes(16))
    with pytest.raises(DataError, match=rf"^x: {message}"):
        decode_image(content, "x")


def test_other_inks_are_named():
    fields = {256: 2, 257: 2, 259: 1, 262: 5, 273: 8, 277: 4, 278: 2, 279: 16, 332: 2}
    fields = {name: (3, [value]) for name, value in fields.items()} | {258: (3, [8] * 4)}
    with pytest.raises(DataError, match=r"^x: TIFF with other inks than CMYK"):
        decode_image(file_of("<", fields, bytes(16)), "x")


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_what_is_written_is_what_tifffile_reads(agrees, bits, channels):
    dtype = np.uint8 if bits == 8 else np.uint16
    generator = np.random.default_rng(0)
    image = generator.integers(0, 2**bits, (700, 301, channels)).astype(dtype)
    content = encode_image(image, ".tif")
    page = tifffile.TiffFile(io.BytesIO(content)).pages[0]
    assert page.predictor == 2
    assert page.extrasamples == ((2,) if channels in (2, 4) else ())
    agrees(content, image, "written")


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
def test_files_of_tifffile_are_read(agrees, big, order):
    image = np.random.default_rng(0).integers(0, 65536, (40, 60, 3)).astype(np.uint16)
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, image, bigtiff=big, byteorder=order, photometric="rgb", tile=(16, 32))
    agrees(buffer.getvalue(), image, (big, order))


@pytest.mark.parametrize(
    ("dtype", "settings", "message"),
    [
        (np.float32, {}, "float32 pixels"),
        (np.uint32, {}, "uint32 pixels"),
        (np.int16, {}, "int16 pixels"),
        (np.uint8, {"photometric": "cielab"}, "CIELAB pixels"),
    ],
)
def test_kinds_that_are_not_read_exactly_are_named(dtype, settings, message):
    buffer = io.BytesIO()
    shape = (8, 8, 3) if settings else (8, 8)
    tifffile.imwrite(buffer, np.zeros(shape, dtype), **settings)
    with pytest.raises(DataError, match=rf"^x: .*{message}"):
        decode_image(buffer.getvalue(), "x")


def test_metadata_of_16_bits_survive():
    written = Metadata(icc_profile=b"profile", dpi=(300.0, 150.0))
    image = np.zeros((4, 5, 3), np.uint16)
    assert decode_header(encode_image(image, ".tif", metadata=written), "x").metadata == written


def test_bigtiff_says_of_its_picture_what_tiff_does():
    import tifffile

    said = []
    for big in (False, True):
        buffer = io.BytesIO()
        tifffile.imwrite(
            buffer,
            np.zeros((4, 5, 3), np.uint8),
            photometric="rgb",
            bigtiff=big,
            metadata=None,
            software="somebody's",
            datetime="2024:01:02 03:04:05",
            extratags=[(271, "s", 0, "maker", True)],
        )
        said.append(decode_header(buffer.getvalue(), "x").metadata.exif)
    assert said[0] == said[1]
    assert b"maker" in said[0]
    assert b"2024:01:02" in said[0]
