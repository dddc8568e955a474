"""Animations of parts against a compositor by the pixel, which says what browsers show.

Pillow, which has another opinion of many, confirms some.
"""

import io
import struct
import zlib
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from srcore.errors import DataError
from srcore.images import decode_header, decode_image, read_series

#: PNG: color type -> stored channels.
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def over(upper, lower, full):
    """One pixel of straight alpha over another, by the words of the PNG specification."""
    opacity, below = Fraction(int(upper[3]), full), Fraction(int(lower[3]), full)
    together = opacity + below * (1 - opacity)
    if not together:
        return [0, 0, 0, 0]
    colors = (
        (int(a) * opacity + int(b) * below * (1 - opacity)) / together
        for a, b in zip(upper[:3], lower[:3], strict=True)
    )
    return [round(it) for it in (*colors, together * full)]


def composed(size, parts, dtype=np.uint8):
    """What is shown of (pixels, top, left, disposal, lies over) one after the other."""
    area = np.zeros((*size, 4), dtype)
    shown = []
    for pixels, top, left, disposal, lies_over in parts:
        before = area.copy()
        for y, x in np.ndindex(*pixels.shape[:2]):
            if top + y < size[0] and left + x < size[1]:
                place = top + y, left + x
                new = pixels[y, x]
                full = np.iinfo(dtype).max
                area[place] = over(new, area[place], full) if lies_over else new
        shown.append(area.copy())
        if disposal == "goes":
            area[top : top + pixels.shape[0], left : left + pixels.shape[1]] = 0
        elif disposal == "what was before":
            area = before
    return shown


def places(generator, size, first_covers):
    """Top, left, height and width of some pictures."""
    for number in range(int(generator.integers(1, 5))):
        if (number == 0 and first_covers) or generator.random() < 0.3:
            yield 0, 0, *size
        else:
            top, left = (int(generator.integers(side)) for side in size)
            height, width = (
                int(generator.integers(1, side - at + 1))
                for side, at in zip(size, (top, left), strict=True)
            )
            yield top, left, height, width


def gif(seed):
    """Content of a GIF, and what it shows."""
    generator = np.random.default_rng(seed)
    size = tuple(int(it) for it in generator.integers(1, 12, 2))
    common = generator.integers(0, 256, (8, 3)).astype(np.uint8)
    content = b"GIF89a" + struct.pack("<HHBBB", *size[::-1], 0xF2, int(generator.integers(8)), 0)
    content += common.tobytes()
    parts = []
    for top, left, height, width in places(generator, size, generator.random() < 0.5):
        indices = generator.integers(0, 8, (height, width))
        # The invisible color may have no entry in the palette.
        key = int(generator.choice([*range(8), 9])) if generator.random() < 0.6 else None
        if key == 9:
            indices[generator.random(indices.shape) < 0.3] = 9
        own = (
            generator.integers(0, 256, (8, 3)).astype(np.uint8)
            if generator.random() < 0.3
            else None
        )
        disposal, interlaced = int(generator.integers(0, 5)), bool(generator.random() < 0.3)
        if key is not None or disposal or generator.random() < 0.5:
            flags = disposal << 2 | (key is not None)
            content += b"\x21\xf9\4" + struct.pack("<BHBB", flags, 10, key or 0, 0)
        else:
            disposal = 0
        flags = (0 if own is None else 0x82) | interlaced * 0x40
        content += b"\x2c" + struct.pack("<HHHHB", left, top, width, height, flags)
        content += (b"" if own is None else own.tobytes()) + codes_of(indices, interlaced)
        palette = common if own is None else own
        table = np.zeros((16, 4), np.uint8)
        table[:8] = np.concatenate([palette, np.full((8, 1), 255, np.uint8)], axis=1)
        if key is not None:
            table[key] = 0
        what = {2: "goes", 3: "what was before"}.get(disposal, "stays")
        parts.append((table[indices], top, left, what, True))
    return content + b"\x3b", composed(size, parts)


def codes_of(indices, interlaced):
    """Codes are clear, pixel, clear, pixel: nothing is compressed."""
    if interlaced:
        height = len(indices)
        starts = ((0, 8), (4, 8), (2, 4), (1, 2))
        indices = indices[[row for start, step in starts for row in range(start, height, step)]]
    bits = "".join(f"{it:05b}"[::-1] for value in indices.ravel() for it in (16, int(value)))
    bits += f"{17:05b}"[::-1]
    data = bytes(int(bits[start : start + 8][::-1], 2) for start in range(0, len(bits), 8))
    pieces = [data[start : start + 255] for start in range(0, len(data), 255)]
    return b"\4" + b"".join(bytes([len(it)]) + it for it in pieces) + b"\0"


def chunk(name, content):
    checksum = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)


def png(seed):  # noqa: C901 - a branch for each kind of PNG
    """Content of a PNG, what it shows where animations are, and where they are not."""
    generator = np.random.default_rng(seed)
    color_type = int(generator.choice(list(CHANNELS)))
    depth = 16 if color_type != 3 and generator.random() < 0.3 else 8
    dtype = np.dtype(np.uint16 if depth == 16 else np.uint8)
    size = tuple(int(it) for it in generator.integers(1, 9, 2))
    palette = generator.integers(0, 256, (16, 3)).astype(np.uint8)
    has_key = color_type in (0, 2, 3) and generator.random() < 0.5
    key = generator.integers(0, 2**depth, CHANNELS[color_type])
    opacity = generator.integers(0, 256, 8).astype(np.uint8)

    def pixels(height, width):
        """Stored, and as they are seen."""
        levels = 16 if color_type == 3 else 2**depth
        stored = generator.integers(0, levels, (height, width, CHANNELS[color_type])).astype(dtype)
        full = 2**depth - 1
        alpha = np.full((height, width, 1), full, dtype)
        if color_type in (4, 6):
            stored[..., -1] = generator.choice([0, full, full // 3, full // 2], (height, width))
            alpha = stored[..., -1:]
        elif has_key and color_type == 3:
            alpha = np.concatenate([opacity, np.full(8, 255, np.uint8)])[stored]
        elif has_key:
            stored[generator.random((height, width)) < 0.4] = key
            alpha = (stored != key).any(-1, keepdims=True).astype(dtype) * dtype.type(full)
        colors = palette[stored[..., 0]] if color_type == 3 else stored[..., :3]
        if color_type in (0, 4):
            colors = np.repeat(stored[..., :1], 3, axis=-1)
        rows = b"".join(b"\0" + row.astype(dtype.newbyteorder(">")).tobytes() for row in stored)
        return zlib.compress(rows), np.concatenate([colors, alpha], axis=-1)

    boxes = list(places(generator, size, True))
    sizes = struct.pack(">IIBBBBB", *size[::-1], depth, color_type, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", sizes)
    if color_type == 3:
        content += chunk(b"PLTE", palette.tobytes())
    content += chunk(b"acTL", struct.pack(">II", len(boxes), 0))
    if has_key:
        trns = opacity.tobytes() if color_type == 3 else key.astype(">u2").tobytes()
        content += chunk(b"tRNS", trns)
    hidden = None
    if generator.random() < 0.3:
        data, hidden = pixels(*size)
        content += chunk(b"IDAT", data)
    parts = []
    for number, (top, left, height, width) in enumerate(boxes):
        disposal, blending = int(generator.integers(3)), int(generator.integers(2))
        data, image = pixels(height, width)
        timing = struct.pack(">HHBB", 1, 20, disposal, blending)
        content += chunk(b"fcTL", struct.pack(">5I", 2 * number, width, height, left, top) + timing)
        if number or hidden is not None:
            half = len(data) // 2
            content += chunk(b"fdAT", bytes(4) + data[:half]) + chunk(
                b"fdAT", bytes(4) + data[half:]
            )
        else:
            content += chunk(b"IDAT", data)
        what = ("stays", "goes", "what was before")[disposal]
        parts.append((image, top, left, what, blending == 1))
    shown = composed(size, parts, dtype)
    content += chunk(b"IEND", b"")
    return content, shown, shown[0] if hidden is None else hidden


def webp(seed):
    """Content of a WebP whose pictures are lossless, and what it shows."""
    generator = np.random.default_rng(seed)
    size = tuple(2 * int(it) for it in generator.integers(1, 10, 2))
    has_alpha = generator.random() < 0.5
    # Some programs forget the flag, and areas may be free without it.
    flags = 2 | (0x10 if has_alpha and generator.random() < 0.8 else 0)
    sides = b"".join((it - 1).to_bytes(3, "little") for it in size[::-1])
    chunks = [(b"VP8X", struct.pack("<I", flags) + sides), (b"ANIM", b"\xff\xff\xff\xff\0\0")]
    parts = []
    for top, left, height, width in places(generator, size, generator.random() < 0.5):
        top, left = top // 2 * 2, left // 2 * 2
        pixels = generator.integers(0, 256, (height, width, 4)).astype(np.uint8)
        pixels[..., 3] = generator.choice([0, 255, 128], (height, width)) if has_alpha else 255
        buffer = io.BytesIO()
        stored = Image.fromarray(pixels if has_alpha else np.ascontiguousarray(pixels[..., :3]))
        stored.save(buffer, "WEBP", lossless=True, exact=True)
        content = buffer.getvalue()
        disposal, replaces = int(generator.integers(2)), int(generator.integers(2))
        flag = replaces << 1 | disposal
        numbers = (left // 2, top // 2, width - 1, height - 1, 40)
        head = b"".join(it.to_bytes(3, "little") for it in numbers) + bytes([flag])
        chunks.append((b"ANMF", head + content[content.index(b"VP8L") :]))
        parts.append((pixels, top, left, "goes" if disposal else "stays", not replaces))
    body = b"WEBP"
    for name, held in chunks:
        body += name + struct.pack("<I", len(held)) + held + bytes(len(held) % 2)
    return b"RIFF" + struct.pack("<I", len(body)) + body, composed(size, parts)


def seen(image):
    """RGBA of any image; colors of invisible pixels mean nothing."""
    if image.shape[-1] < 3:
        image = np.concatenate([np.repeat(image[..., :1], 3, axis=-1), image[..., 1:]], axis=-1)
    if image.shape[-1] == 3:
        opaque = np.full_like(image[..., :1], np.iinfo(image.dtype).max)
        image = np.concatenate([image, opaque], axis=-1)
    return np.where(image[..., 3:] > 0, image, 0)


def assert_shown(path, content, shown, first):
    path.write_bytes(content)
    header, image = decode_header(content, "x"), decode_image(content, "x")
    assert (header.shape, header.dtype, header.frame_count) == (
        image.shape,
        image.dtype,
        len(shown),
    )
    np.testing.assert_array_equal(seen(image), seen(first))
    series = read_series(path)
    if series is None:
        assert len(shown) == 1
        return
    result = list(series.pictures)
    assert len(result) == len(shown)
    assert len({it.image.shape for it in result}) == 1
    for one, other in zip(result, shown, strict=True):
        np.testing.assert_array_equal(seen(one.image), seen(other))


def by_pillow(content):
    """Pictures that Pillow finds."""
    with Image.open(io.BytesIO(content)) as image:
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            yield seen(np.asarray(image.convert("RGBA")))


def check_gif(path, seeds):
    """How many files Pillow sees as we do."""
    confirmed = 0
    for seed in seeds:
        content, shown = gif(seed)
        assert_shown(path, content, shown, shown[0])
        pairs = list(zip(by_pillow(content), shown, strict=False))
        confirmed += all(np.array_equal(one, seen(other)) for one, other in pairs)
    return confirmed


def check_png(path, seeds):
    for seed in seeds:
        assert_shown(path, *png(seed))


def test_pictures_of_gif_are_what_browsers_show(tmp_path):
    assert check_gif(tmp_path / "a.gif", range(60)) > 20


def test_pictures_of_png_are_what_the_specification_says(tmp_path):
    check_png(tmp_path / "a.png", range(60))


def check_webp(path, seeds):
    for seed in seeds:
        content, shown = webp(seed)
        assert_shown(path, content, shown, shown[0])


def test_pictures_of_webp_are_what_browsers_show(tmp_path):
    check_webp(tmp_path / "a.webp", range(60))


@pytest.mark.slow
def test_many_animations_are_what_is_shown(tmp_path):
    confirmed = check_gif(tmp_path / "a.gif", range(100, 600))
    check_png(tmp_path / "a.png", range(100, 600))
    check_webp(tmp_path / "a.webp", range(100, 600))
    print(f"500 animated GIF files, {confirmed} of them confirmed by Pillow, 500 PNG, 500 WebP")
    assert confirmed > 200


def test_a_picture_beyond_the_screen_is_cut(tmp_path):
    small = struct.pack("<HHHHB", 0, 0, 2, 1, 0)
    wide = struct.pack("<HHHHB", 1, 0, 2, 1, 0)
    picture = codes_of(np.array([[1, 2]]), False)
    head = b"GIF89a" + struct.pack("<HHBBB", 2, 1, 0xF2, 0, 0) + bytes(range(24))
    path = tmp_path / "a.gif"
    path.write_bytes(head + b"\x2c" + small + picture + b"\x2c" + wide + picture + b"\x3b")
    first, second = read_series(path).pictures
    assert first.image[0, :, :3].tolist() == [[3, 4, 5], [6, 7, 8]]
    assert second.image[0, :, :3].tolist() == [[3, 4, 5], [3, 4, 5]]


@pytest.mark.parametrize(
    ("name", "loop", "plays"),
    [(b"NETSCAPE2.0", 0, 0), (b"ANIMEXTS1.0", 4, 5), (b"SOMETHING.0", 4, 1)],
)
def test_how_often_an_animation_is_shown(tmp_path, name, loop, plays):
    content = b"GIF89a" + struct.pack("<HHBBB", 2, 1, 0xF2, 0, 0) + bytes(24)
    content += b"\x21\xff\x0b" + name + b"\3\1" + struct.pack("<HB", loop, 0)
    picture = b"\x2c" + struct.pack("<HHHHB", 0, 0, 2, 1, 0) + codes_of(np.array([[1, 2]]), False)
    (tmp_path / "a.gif").write_bytes(content + 2 * picture + b"\x3b")
    assert read_series(tmp_path / "a.gif").plays == plays


def test_faults_of_gif_are_named():
    head = b"GIF89a" + struct.pack("<HHBBB", 2, 1, 0xF0, 0, 0) + bytes(6)
    picture = b"\x2c" + struct.pack("<HHHHB", 0, 0, 2, 1, 0)
    with pytest.raises(DataError, match=r"^x: .*a pixel is of no color of its palette"):
        decode_image(head + picture + codes_of(np.array([[1, 2]]), False) + b"\x3b", "x")
    bare = head[:10] + b"\x70\0\0" + picture + codes_of(np.array([[1, 0]]), False) + b"\x3b"
    with pytest.raises(DataError, match=r"^x: GIF without a palette"):
        decode_image(bare, "x")


@pytest.mark.parametrize("change", ["fewer", "outside", "checksum"])
def test_faults_of_animated_png_are_named(tmp_path, change):
    image = zlib.compress(b"\0\5\6")
    control = struct.pack(">5IHHBB", 0, 2, 1, 0, 0, 1, 10, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 1, 8, 0, 0, 0, 0))
    content += chunk(b"acTL", struct.pack(">II", 2, 0)) + chunk(b"fcTL", control)
    content += chunk(b"IDAT", image)
    second = control[:12] + b"\0\0\0\1" + control[16:] if change == "outside" else control
    following = chunk(b"fcTL", second) + chunk(b"fdAT", bytes(4) + image)
    if change == "checksum":
        following = following[:-1] + bytes([following[-1] ^ 1])
    path = tmp_path / "a.png"
    path.write_bytes(content + (b"" if change == "fewer" else following) + chunk(b"IEND", b""))
    message = {
        "fewer": "1 of 2 pictures are in it",
        "outside": "makes no sense",
        "checksum": "wrong checksum of a chunk fdAT",
    }[change]
    with pytest.raises(DataError, match=rf"a\.png: .*{message}"):
        list(read_series(path).pictures)
