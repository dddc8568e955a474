"""A writer of the container of AVIF and HEIF, for files that no encoder at hand makes."""

import struct
from types import SimpleNamespace

import numpy as np
import pytest

#: Properties that a reader has to understand.
ESSENTIAL = (b"av1C", b"hvcC", b"irot", b"imir", b"clap")


def box(name, content):
    return struct.pack(">I4s", len(content) + 8, name) + content


def full(name, content, version=0, flags=0):
    return box(name, struct.pack(">I", version << 24 | flags) + content)


def boxes(data, place=0):
    while place + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, place)
        yield name, data[place + 8 : place + size]
        place += size


def primary_of(content):
    """Type, coded data and properties of the only picture of an encoder's file."""
    meta = dict(boxes(dict(boxes(content))[b"meta"], 4))
    properties = list(boxes(dict(boxes(meta[b"iprp"]))[b"ipco"]))
    kind = dict(boxes(meta[b"iinf"], 6))[b"infe"][8:12]
    turning = (b"irot", b"imir")
    kept = [box(name, held) for name, held in properties if name not in turning]
    return kind, dict(boxes(content))[b"mdat"], kept


def file_of(brand, items, primary=1, references=()):
    """A file of items by number: (type, data, properties[, hidden])."""
    table, association = [], b""
    for number, (_, _, held, *_) in items.items():
        association += struct.pack(">HB", number, len(held))
        for it in held:
            if it not in table:
                table.append(it)
            association += bytes([0x80 * (it[4:8] in ESSENTIAL) | table.index(it) + 1])
    described = b"".join(
        full(b"infe", struct.pack(">HH4s", number, 0, kind) + b"\0", 2, bool(hidden))
        for number, (kind, _, _, *hidden) in items.items()
    )
    linked = b"".join(
        box(kind, struct.pack(f">HH{len(others)}H", item, len(others), *others))
        for kind, item, others in references
    )
    count = struct.pack(">H", len(items))
    parts = b"".join(
        (
            full(b"iinf", count + described),
            full(b"iref", linked) if linked else b"",
            box(
                b"iprp",
                box(b"ipco", b"".join(table))
                + full(b"ipma", struct.pack(">I", len(items)) + association),
            ),
        )
    )
    head = box(b"ftyp", brand + bytes(4) + brand + b"mif1")

    def meta(place):
        places = b""
        for number, (_, data, *_) in items.items():
            places += struct.pack(">HHHII", number, 0, 1, place, len(data))
            place += len(data)
        handler = full(b"hdlr", bytes(4) + b"pict" + bytes(13))
        located = full(b"iloc", b"\x44\0" + count + places)
        chosen = full(b"pitm", struct.pack(">H", primary))
        return full(b"meta", handler + chosen + located + parts)

    place = len(head) + len(meta(0)) + 8
    return head + meta(place) + box(b"mdat", b"".join(data for _, data, *_ in items.values()))


def clap(width, height, right, down):
    """Size of what is visible, and twice the distance of its middle from that of the picture."""
    return box(b"clap", struct.pack(">IIIIiIiI", width, 1, height, 1, right, 2, down, 2))


def grid(rows, columns, width, height):
    return struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, width, height)


def size(width, height):
    return full(b"ispe", struct.pack(">II", width, height))


def shown(stored, angle=0, mirror=None, visible=None):
    """What the properties make of stored pixels, by ISO/IEC 23008-12, sections 6.5.9 to 6.5.12."""
    if visible:
        width, height, right, down = visible
        left, top = (stored.shape[1] - width + right) // 2, (stored.shape[0] - height + down) // 2
        stored = stored[top : top + height, left : left + width]
    stored = np.rot90(stored, angle)  # against the clock
    if mirror is not None:
        stored = stored[:, ::-1] if mirror else stored[::-1]
    return np.ascontiguousarray(stored)


@pytest.fixture(scope="session")
def container():
    """What is needed to put files together."""
    return SimpleNamespace(
        primary_of=primary_of,
        file_of=file_of,
        clap=clap,
        grid=grid,
        size=size,
        shown=shown,
        irot=lambda angle: box(b"irot", bytes([angle])),
        imir=lambda mode: box(b"imir", bytes([mode])),
    )
