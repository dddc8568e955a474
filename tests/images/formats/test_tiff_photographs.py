"""TIFF whose strips or tiles are JPEG, against these decoded one by one."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from srcore.images.tiff.directory import BYTE, LONG, value_of, write_directories

#: Photometric interpretation of pieces of JPEG -> Pillow's mode, settings, stored channels.
PHOTOGRAPHS = {
    "white is zero": (0, "L", {}, 1),
    "black is zero": (1, "L", {}, 1),
    "rgb": (2, "RGB", {"keep_rgb": True}, 3),
    "planes": (2, "L", {}, 3),
    "cmyk": (5, "CMYK", {}, 4),
    "ycbcr": (6, "RGB", {"subsampling": 0}, 3),
    "ycbcr, half": (6, "RGB", {"subsampling": 2}, 3),
}


def tables_apart(content):
    """Quantization and Huffman tables of a JPEG as a file of their own, and what is left of it."""
    place, tables, rest = 2, b"", b""
    while content[place + 1] != 0xDA:
        end = place + 2 + int.from_bytes(content[place + 2 : place + 4], "big")
        if content[place + 1] in (0xDB, 0xC4):
            tables += content[place:end]
        elif content[place + 1] == 0xC0:
            rest += content[place:end]
        place = end
    return b"\xff\xd8" + tables + b"\xff\xd9", b"\xff\xd8" + rest + content[place:]


def photograph(name, tiled, apart, order):
    """Content of a file of pieces of JPEG, and what they are one by one."""
    photometric, mode, settings, channels = PHOTOGRAPHS[name]
    height, width, side = 45, 70, 32
    small = np.random.default_rng(0).integers(0, 256, (6, 9, 4)).astype(np.uint8)
    image = np.asarray(Image.fromarray(small).resize((96, 64), Image.Resampling.BICUBIC))
    lefts = range(0, width, side) if tiled else (0,)
    pieces = [(top, left) for top in range(0, height, side) for left in lefts]
    parts, expected = [], np.zeros((64, 96, channels), np.uint8)
    for plane in range(channels if name == "planes" else 1):
        drawn = image[..., plane] if name == "planes" else image[..., : 4 if mode == "CMYK" else 3]
        for top, left in pieces:
            columns, count = (side, side) if tiled else (width, min(side, height - top))
            part = np.ascontiguousarray(drawn[top : top + count, left : left + columns])
            if mode == "CMYK":
                stored = Image.frombytes(mode, (columns, count), part.tobytes())
            else:
                stored = Image.fromarray(part).convert(mode)
            buffer = io.BytesIO()
            stored.save(buffer, "JPEG", quality=90, **settings)
            with Image.open(buffer) as opened:
                pixels = np.asarray(opened).reshape(count, columns, -1)
            place = expected[top : top + count, left : left + columns]
            place[..., slice(plane, plane + 1) if name == "planes" else slice(None)] = pixels
            tables, rest = tables_apart(buffer.getvalue())
            parts.append(rest if apart else buffer.getvalue())
    lengths = [len(it) for it in parts]
    offsets = [8 + sum(lengths[:number]) for number in range(len(parts))]
    places = (324, 325) if tiled else (273, 279)
    sizes = {322: [side], 323: [side]} if tiled else {278: [side]}
    numbers = {
        256: [width], 257: [height], 258: [8] * channels, 259: [7], 262: [photometric],
        277: [channels], 284: [2 if name == "planes" else 1],
        530: [2, 2] if "half" in name else [1, 1], **sizes, places[0]: offsets, places[1]: lengths,
    }  # fmt: skip
    fields = {tag: value_of(order, LONG, *values) for tag, values in numbers.items()}
    if apart:
        fields[347] = value_of(order, BYTE, *tables)
    end = 8 + sum(lengths)
    content = struct.pack(f"{order}2sHI", b"II" if order == "<" else b"MM", 42, end)
    content += b"".join(parts) + write_directories(order, fields, {}, end)
    expected = expected[:height, :width]
    if name == "white is zero":
        expected = 255 - expected
    elif name == "cmyk":  # Pillow takes the negative of JPEG, and TIFF says how much ink there is
        inks = 255 - expected.astype(int)
        expected = np.floor((255 - inks[..., :3]) * (255 - inks[..., 3:]) / 255 + 0.5)
    return content, expected.astype(np.uint8)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("apart", [False, True], ids=["whole", "tables apart"])
@pytest.mark.parametrize("tiled", [False, True], ids=["strips", "tiles"])
@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_pieces_of_jpeg_are_what_they_are_one_by_one(agrees, name, tiled, apart, order):
    agrees(*photograph(name, tiled, apart, order), name)
