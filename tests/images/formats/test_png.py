"""PNG of every kind against what was stored in it."""

import io
import itertools
import random
import struct
import zlib

import numpy as np
import pytest

from srcore.errors import DataError
from srcore.images import Metadata, decode_header, decode_image, encode_image

#: Color type -> stored channels and depths.
KINDS = {
    0: (1, (1, 2, 4, 8, 16)),
    2: (3, (8, 16)),
    3: (1, (1, 2, 4, 8)),
    4: (2, (8, 16)),
    6: (4, (8, 16)),
}
#: Adam7: first column and row, distances.
PASSES = [
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
]
EXIF = b"MM\0*\0\0\0\x08\0\x01" + struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0) + bytes(4)
#: Further chunks before the picture data, between, and behind.
CHUNKS = {
    "none": ((), ()),
    "colors": (((b"gAMA", struct.pack(">I", 45455)), (b"sRGB", b"\0")), ()),
    "turned": (((b"eXIf", EXIF),), ()),
    "turned behind": ((), ((b"eXIf", EXIF), (b"tEXt", b"Title\0a"))),
    "late transparency": ((), ((b"tRNS", b"\0\x01" * 3),)),
    "unknown": (((b"quUx", b"?"), (b"acTL", struct.pack(">II", 1, 0))), ((b"quUx", b"?"),)),
}


def chunk(name, content):
    return (
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
    )


def product():
    for color_type, (_, depths) in KINDS.items():
        yield from itertools.product([color_type], depths, (False, True), (False, True), CHUNKS)


def build(kind, seed):
    """Content of a file and what it should be read as."""
    color_type, depth, interlaced, transparent, chunks = kind
    generator = np.random.default_rng(seed)
    height, width = (int(generator.integers(1, 20)) for _ in "hw")
    channels = KINDS[color_type][0]
    stored = generator.integers(0, 2**depth, (height, width, channels))
    before, behind = CHUNKS[chunks]
    content = b"\x89PNG\r\n\x1a\n" + chunk(
        b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, interlaced)
    )
    palette = generator.integers(0, 256, (2**depth if depth <= 8 else 1, 3)).astype(np.uint8)
    if color_type == 3:
        content += chunk(b"PLTE", palette.tobytes())
    alpha = None
    if transparent and color_type in (0, 2, 3):
        alpha = generator.integers(0, 256, len(palette) // 2 + 1).astype(np.uint8)
        key = stored[0, 0]
        content += chunk(
            b"tRNS", alpha.tobytes() if color_type == 3 else key.astype(">u2").tobytes()
        )
    content += b"".join(chunk(*it) for it in before)
    data = zlib.compress(scanlines(stored, depth, interlaced, generator))
    for start in range(0, len(data), 50):
        content += chunk(b"IDAT", data[start : start + 50])
    content += (
        b"".join(chunk(*it) for it in behind)
        + chunk(b"IEND", b"")
        + bytes(int(generator.integers(99)))
    )
    full = 65535 if depth == 16 else 255
    if color_type == 3:
        image = palette[stored[..., 0]]
        if alpha is not None:
            opacity = np.concatenate([alpha, np.full(len(palette) - len(alpha), 255, np.uint8)])
            image = np.concatenate([image, opacity[stored]], axis=-1)
    else:
        image = stored * full // (2**depth - 1)
        if alpha is not None:
            seen = (stored != key).any(-1, keepdims=True)
            image = np.concatenate([image, seen * full], axis=-1)
    image = image.astype(np.uint16 if depth == 16 else np.uint8)
    return content, np.ascontiguousarray(np.rot90(image, -1) if "turned" in chunks else image)


def scanlines(stored, depth, interlaced, generator):
    """Filtered rows of the image, or of its seven reduced images."""
    result = b""
    for x, y, dx, dy in PASSES if interlaced else [(0, 0, 1, 1)]:
        part = stored[y::dy, x::dx]
        above = None
        for row in part if part.size else ():
            bits = "".join(f"{value:0{depth}b}" for value in row.ravel().tolist())
            size = -(-len(bits) // 8)
            line = int(bits.ljust(8 * size, "0"), 2).to_bytes(size, "big")
            step = max(1, depth * stored.shape[2] // 8)
            kind = int(generator.integers(5))
            result += bytes([kind]) + filtered(line, above or bytes(size), step, kind)
            above = line
    return result


def filtered(line, above, step, kind):
    """A row minus its prediction (section 9.2)."""
    left, corner = bytes(step) + line, bytes(step) + above

    def paeth(a, b, c):
        distances = {it: abs(a + b - c - it) for it in (c, b, a)}
        return min((a, b, c), key=lambda it: distances[it])

    return bytes(
        (
            value
            - (
                0,
                left[i],
                above[i],
                (left[i] + above[i]) // 2,
                paeth(left[i], above[i], corner[i]),
            )[kind]
        )
        % 256
        for i, value in enumerate(line)
    )


def test_every_kind_is_read_as_it_was_stored(agrees):
    kinds = list(product())
    for seed, kind in enumerate(random.Random(0).sample(kinds, 120)):
        agrees(*build(kind, seed), kind)


@pytest.mark.slow
def test_all_kinds_are_read_as_they_were_stored(agrees):
    count = 0
    for seed, kind in enumerate(itertools.chain(product(), product())):
        agrees(*build(kind, seed), kind)
        count += 1
    print(f"{count} PNG files")
    assert count == 720


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_metadata_survive(bits, channels):
    written = Metadata(
        icc_profile=b"profile",
        png_color=((b"gAMA", struct.pack(">I", 100000)), (b"cICP", bytes([12, 16, 0, 1]))),
        exif=b"MM\0*\0\0\0\x08" + bytes(6),
        dpi=(300.0, 150.0),
    )
    image = np.zeros((4, 5, channels), np.uint8 if bits == 8 else np.uint16)
    read = decode_header(encode_image(image, ".png", metadata=written), "x").metadata
    np.testing.assert_allclose(read.dpi, written.dpi, atol=0.02)
    assert (read.icc_profile, read.png_color, read.exif) == (
        written.icc_profile,
        written.png_color,
        written.exif,
    )


def _simple(*parts):
    header = struct.pack(">IIBBBBB", 3, 2, 8, 3, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(parts) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (_simple(chunk(b"IDAT", zlib.compress(bytes(8)))), "no palette"),
        (
            _simple(chunk(b"PLTE", bytes(3)), chunk(b"IDAT", zlib.compress(b"\0\1\1\1" * 2))),
            "of no color of its palette",
        ),
        (_simple(chunk(b"CgBI", b"")), "as Xcode optimizes it"),
        (_simple(chunk(b"FOUR", b"")), "PNG with a chunk FOUR"),
        (_simple(chunk(b"PLTE", bytes(3)), chunk(b"IDAT", zlib.compress(bytes(4)))), "damaged"),
    ],
)
def test_what_cannot_be_read_is_named(content, message, capfd):
    with pytest.raises(DataError, match=rf"^x: .*{message}"):
        decode_image(content, "x")


def test_a_bad_profile_does_not_make_bad_pixels():
    content = encode_image(np.zeros((2, 2, 3), np.uint8), ".png")
    bad = content[:33] + chunk(b"iCCP", b"name\0\0no deflate") + content[33:]
    assert decode_header(bad, "x").icc_profile is None
    assert decode_image(io.BytesIO(bad).getvalue(), "x").shape == (2, 2, 3)


def test_exif_and_texts_behind_the_picture_data_count():
    image = np.random.default_rng(0).integers(0, 256, (300, 300, 3)).astype(np.uint8)
    content = encode_image(image, ".png")
    end = content.rindex(b"IEND") - 4
    late = chunk(b"eXIf", EXIF) + chunk(b"tEXt", b"Title\0a")
    header = decode_header(content[:end] + late + content[end:], "x")
    assert header.metadata.exif == EXIF
    assert (header.orientation, header.metadata.others) == (6, ("texts",))
    broken = late.replace(b"MM", b"MN")
    assert decode_header(content[:end] + broken + content[end:], "x").orientation == 1


def test_a_profile_that_is_not_kept_is_named():
    content = encode_image(np.zeros((4, 4, 3), np.uint8), ".png")
    for profile in (zlib.compress(bytes(2**24 + 1)), b"damaged"):
        changed = content[:33] + chunk(b"iCCP", b"a\0\0" + profile) + content[33:]
        metadata = decode_header(changed, "x").metadata
        assert metadata.icc_profile is None
        assert metadata.others == ("color profile that is damaged or above 16 MiB",)


#: Chunks before the picture data, how these are cut, and chunks behind them.
ODD = {
    "palette to reduce to": ([(b"PLTE", bytes(48)), (b"hIST", bytes(32))], None, []),
    "significant bits": ([(b"sBIT", b"\5\6\5"), (b"bKGD", bytes(6))], None, []),
    "suggested palette": ([(b"sPLT", b"x\0\x08" + bytes(6))], None, []),
    "two profiles": ([(b"iCCP", b"n\0\0" + zlib.compress(b"x")), (b"sRGB", b"\0")], None, []),
    "no animation": ([(b"acTL", bytes(8))], None, []),
    "short transparency": ([(b"tRNS", b"\0\1")], None, []),
    "private": ([(b"prVt", b"x")], None, [(b"prVt", b"x"), (b"tIME", bytes(7))]),
    "empty pieces": ([], lambda data: [b"", data[:5], b"", data[5:], b""], []),
    "bytes one by one": ([], lambda data: [bytes([it]) for it in data], []),
    "not packed": ([], lambda data: [zlib.compress(zlib.decompress(data), 0)], []),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_chunks_change_no_pixel(agrees, name):
    image = np.random.default_rng(0).integers(0, 256, (9, 13, 3)).astype(np.uint8)
    before, cut, behind = ODD[name]
    data = zlib.compress(b"".join(b"\0" + row.tobytes() for row in image))
    pieces = cut(data) if cut else [data]
    content = b"\x89PNG\r\n\x1a\n"
    content += chunk(b"IHDR", struct.pack(">IIBBBBB", 13, 9, 8, 2, 0, 0, 0))
    content += b"".join(chunk(*it) for it in before)
    content += b"".join(chunk(b"IDAT", it) for it in pieces)
    content += b"".join(chunk(*it) for it in behind) + chunk(b"IEND", b"")
    agrees(content, image, name)
