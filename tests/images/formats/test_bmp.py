"""BMP of every header, depth and masks against what was stored in it."""

import itertools
import struct

import numpy as np
import pytest

from srcore.errors import DataError
from srcore.images import decode_header, decode_image

#: Bits of a pixel -> masks of red, green, blue, alpha.
MASKS = {
    "555": (16, (0x7C00, 0x3E0, 0x1F, 0)),
    "565": (16, (0xF800, 0x7E0, 0x1F, 0)),
    "4444": (16, (0x0F00, 0xF0, 0xF, 0xF000)),
    "1555": (16, (0x7C00, 0x3E0, 0x1F, 0x8000)),
    "8888": (32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000)),
    "888x": (32, (0xFF0000, 0xFF00, 0xFF, 0)),
    "rgba": (32, (0xFF, 0xFF00, 0xFF0000, 0xFF000000)),
    "1010102": (32, (0x3FF00000, 0xFFC00, 0x3FF, 0xC0000000)),
    "odd": (32, (0x7F, 0x1F00, 0x3F0000, 0)),
    "no blue": (32, (0xFF, 0xFF00, 0, 0)),
}


def file_of(width, height, bits, rows, *, size, compression=0, masks=(), palette=b"", flip=False):
    if size == 12:
        head = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        sides = (width, -height if flip else height)
        head = struct.pack("<IiiHHIIiiII", 40, *sides, 1, bits, compression, 0, 2835, 2835, 0, 0)
        if size > 40:
            named = (*masks, 0, 0, 0, 0)[:4]
            head = struct.pack("<I", size) + head[4:] + struct.pack("<IIII", *named)
            head = head.ljust(size, b"\0")
        elif masks:
            head += struct.pack(f"<{len(masks)}I", *masks)
    start = 14 + len(head) + len(palette)
    return struct.pack("<2sIHHI", b"BM", start + len(rows), 0, 0, start) + head + palette + rows


def lines(packed, flip):
    """Rows of bytes, each filled up to a multiple of four, the lowest first unless flipped."""
    filled = [row + bytes(-len(row) % 4) for row in packed]
    return b"".join(filled if flip else filled[::-1])


def palettes():
    for bits, size, gray, flip in itertools.product((1, 4, 8), (12, 40, 108, 124), (0, 1), (0, 1)):
        if not (flip and size == 12):
            yield bits, size, gray, flip


def test_every_palette_is_read_as_it_was_stored(agrees):
    for seed, (bits, size, gray, flip) in enumerate(palettes()):
        generator = np.random.default_rng(seed)
        height, width = (int(generator.integers(1, 20)) for _ in "hw")
        palette = generator.integers(0, 256, (2**bits, 1 if gray else 3)).astype(np.uint8)
        colors = np.broadcast_to(palette, (len(palette), 3))
        indices = generator.integers(0, 2**bits, (height, width))
        packed = []
        for row in indices.tolist():
            text = "".join(f"{value:0{bits}b}" for value in row)
            count = -(-len(text) // 8)
            packed.append(int(text.ljust(8 * count, "0"), 2).to_bytes(count, "big"))
        entries = b"".join(
            bytes(it[::-1]) + (b"" if size == 12 else b"\0") for it in colors.tolist()
        )
        content = file_of(
            width, height, bits, lines(packed, flip), size=size, palette=entries, flip=flip
        )
        agrees(content, palette[indices], (bits, size, gray, flip))


@pytest.mark.parametrize("name", MASKS)
@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("size", [40, 56, 108, 124])
def test_every_mask_is_read_as_it_was_stored(agrees, name, flip, size):
    bits, masks = MASKS[name]
    generator = np.random.default_rng(len(name))
    height, width = 7, 9
    words = generator.integers(0, 2**bits, (height, width), np.uint64)
    packed = [row.astype(f"<u{bits // 8}").tobytes() for row in words]
    has_alpha = bool(masks[3])
    given = masks if has_alpha else masks[:3]
    content = file_of(
        width, height, bits, lines(packed, flip),
        size=size, compression=6 if has_alpha and size == 40 else 3, masks=given, flip=flip,
    )  # fmt: skip
    largest = [mask // (mask & -mask) if mask else 1 for mask in given]
    full = 65535 if max(largest) > 255 else 255
    image = np.zeros((height, width, len(given)))
    for channel, mask in enumerate(given):
        if mask:
            values = (words & np.uint64(mask)) // np.uint64(mask & -mask)
            image[..., channel] = np.floor(values.astype(float) * full / largest[channel] + 0.5)
    agrees(content, image.astype(np.uint16 if full == 65535 else np.uint8), (name, flip, size))


@pytest.mark.parametrize("bits", [16, 24, 32])
@pytest.mark.parametrize("size", [12, 40, 124])
def test_the_fourth_byte_is_no_alpha_without_a_mask(agrees, bits, size):
    generator = np.random.default_rng(bits)
    stored = generator.integers(0, 256, (5, 6, bits // 8)).astype(np.uint8)
    content = file_of(6, 5, bits, lines([row.tobytes() for row in stored], False), size=size)
    if bits == 16:
        words = stored.view("<u2")[..., 0].astype(int)
        fives = np.stack([words >> 10 & 31, words >> 5 & 31, words & 31], axis=-1)
        image = np.floor(fives * 255 / 31 + 0.5).astype(np.uint8)
    else:
        image = stored[..., 2::-1]
    agrees(content, image, (bits, size))


def random_runs(generator, width, height, bits):
    """Code of runs, of pixels one by one, and of moves; rows may end early."""
    code = b""
    for _ in range(height):
        x = 0
        while x < width:
            chance, count = generator.random(), int(generator.integers(1, width - x + 1))
            if chance < 0.4 or (chance < 0.8 and count < 3):
                code += bytes([count, int(generator.integers(256))])
            elif chance < 0.8:
                size = count if bits == 8 else (count + 1) // 2
                code += bytes([0, count]) + generator.bytes(size) + bytes(size % 2)
            elif chance < 0.9:
                code += bytes([0, 2, count, 0])
            else:
                break
            x += count
        code += b"\0\0" if generator.random() < 0.9 else b"\0\0\0\2\0\1"
    return code + b"\0\1"


def unrolled(code, width, height, bits):
    """Indices of a code, one by one; 0 where it says nothing."""
    indices = np.zeros((height, width), int)
    x = y = place = 0
    while (count := code[place]) or code[place + 1] != 1:
        value, place = code[place + 1], place + 2
        if count == 0 and value == 0:
            x, y = 0, y + 1
        elif count == 0 and value == 2:
            x, y, place = x + code[place], y + code[place + 1], place + 2
        else:
            read = bytes([value]) * count if count else code[place:]
            number = count or value
            for step in range(number):
                pixel = read[step] if bits == 8 else read[step // 2] >> (4, 0)[step % 2] & 15
                if x < width and y < height:
                    indices[y, x] = pixel
                x += 1
            if not count:
                size = number if bits == 8 else (number + 1) // 2
                place += size + size % 2
    return indices[::-1]


@pytest.mark.parametrize("size", [40, 64, 108, 124])
@pytest.mark.parametrize("bits", [4, 8])
def test_runs_are_read_as_they_were_stored(agrees, bits, size):
    for seed in range(25):
        generator = np.random.default_rng(seed)
        height, width = (int(generator.integers(1, 20)) for _ in "hw")
        palette = generator.integers(0, 256, (2**bits, 3)).astype(np.uint8)
        code = random_runs(generator, width, height, bits)
        expected = palette[unrolled(code, width, height, bits)]
        entries = b"".join(bytes(it[::-1]) + b"\0" for it in palette.tolist())
        content = file_of(
            width, height, bits, code, size=size, compression=2 if bits == 4 else 1, palette=entries
        )
        agrees(content, expected, (bits, size, seed))


@pytest.mark.parametrize("kept", [1, 2, 3, 7, 9])
def test_runs_that_are_cut_are_named(kept):
    code = bytes([5, 1, 0, 0, 0, 5, 1, 2, 3, 4, 5, 0, 0, 0])[:kept]
    content = file_of(5, 3, 8, code, size=40, compression=1, palette=bytes(1024))
    with pytest.raises(DataError, match=r"^x: the image is truncated"):
        decode_image(content, "x")


@pytest.mark.parametrize("bits", [1, 4, 8, 24])
def test_short_headers_of_os2_are_read(agrees, bits):
    """Versions of the second header may end anywhere, as that of 16 bytes does."""
    generator = np.random.default_rng(bits)
    palette = generator.integers(0, 256, (2**bits if bits < 24 else 0, 3)).astype(np.uint8)
    if bits == 24:
        image = generator.integers(0, 256, (5, 7, 3)).astype(np.uint8)
        packed = [row[:, ::-1].tobytes() for row in image]
    else:
        indices = generator.integers(0, 2**bits, (5, 7))
        image = palette[indices]
        texts = ("".join(f"{value:0{bits}b}" for value in row).ljust(56, "0") for row in indices)
        packed = [int(text, 2).to_bytes(7, "big")[: -(-7 * bits // 8)] for text in texts]
    head = struct.pack("<IIIHH", 16, 7, 5, 1, bits)
    head += b"".join(bytes(it[::-1]) + b"\0" for it in palette.tolist())
    rows = lines(packed, False)
    start = 14 + len(head)
    file = struct.pack("<2sIHHI", b"BM", start + len(rows), 0, 0, start) + head + rows
    agrees(file, image, bits)


def test_resolution_is_read():
    content = file_of(1, 1, 24, bytes(4), size=40)
    assert decode_header(content, "x").metadata.dpi == pytest.approx((72, 72), abs=0.01)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (file_of(1, 1, 24, bytes(4), size=40, compression=4), "BMP with a JPEG in it"),
        (file_of(1, 1, 24, bytes(4), size=40, compression=5), "BMP with a PNG in it"),
        (file_of(1, 1, 13, bytes(4), size=40), "BMP of 13 bits"),
        (file_of(1, 1, 32, bytes(4), size=40, compression=3, masks=(5, 2, 8)), "odd masks"),
        (file_of(9, 9, 24, bytes(4), size=40), "truncated"),
        (file_of(0, 9, 24, bytes(4), size=40), "makes no sense"),
    ],
)
def test_what_cannot_be_read_is_named(content, message):
    with pytest.raises(DataError, match=rf"^x: .*{message}"):
        decode_image(content, "x")
