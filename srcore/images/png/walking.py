"""Walking the chunks of a PNG: what lies before, in and behind its picture data.

Sections of the PNG specification (W3C, third edition) are named.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from srcore.images.format import Where, damaged, truncated, unsupported
from srcore.images.png import chunks as png_chunks

COLOR_CHUNKS = (b"gAMA", b"cHRM", b"sRGB", b"cICP", b"mDCV", b"cLLI")
TEXT_CHUNKS = (b"tEXt", b"zTXt", b"iTXt")
_USED = (b"IHDR", b"PLTE", b"tRNS", b"iCCP", b"eXIf", b"pHYs", b"acTL", *COLOR_CHUNKS)
#: Bytes of the signature.
START = len(png_chunks.SIGNATURE)
_LAST = png_chunks.chunk(b"IEND", b"")


def chunks_before_data(file: BinaryIO, where: Where) -> Iterator[tuple[bytes, bytes]]:
    """Chunks that describe the picture, whole, and starts of texts.

    Raises:
        DataError: the file is truncated or damaged.
    """
    file.seek(START)
    while True:
        start = file.read(8)
        if len(start) < 8:
            raise truncated(where)
        length, name = struct.unpack(">I4s", start)
        if name == b"IDAT":
            return
        if name in _USED:
            content, checksum = file.read(length), file.read(4)
            if len(checksum) < 4:
                raise truncated(where)
            if is_undamaged_chunk(name, content, checksum, where):
                yield name, content
        elif name in TEXT_CHUNKS:
            yield name, file.read(min(length, 20))
            file.seek(length - min(length, 20) + 4, 1)
        else:
            _refuse_critical(name, where)
            file.seek(length + 4, 1)


def chunks_behind_data(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """EXIF data, and starts of texts, behind the picture data, at whose first chunk the file is."""
    place = file.seek(-8, 1)
    size = file.seek(0, 2)
    while place + 12 <= size:
        file.seek(place)
        start = file.read(8)
        length, name = struct.unpack(">I4s", start)
        if name == b"IEND":
            return
        if name == b"IDAT":
            place = _after_equal_chunks(file, place, start, size)
            continue
        if name == b"eXIf":
            content, checksum = file.read(length), file.read(4)
            if zlib.crc32(content, zlib.crc32(name)) == int.from_bytes(checksum, "big"):
                yield name, content
        elif name in TEXT_CHUNKS:
            yield name, file.read(min(length, 20))
        place += 12 + length


def _after_equal_chunks(file: BinaryIO, place: int, start: bytes, size: int) -> int:
    """The place behind all chunks that begin as this one and follow each other.

    Programs write thousands of them of one length, so the last is found by halving.
    """
    stride = 12 + int.from_bytes(start[:4], "big")
    low, high = 0, (size - place) // stride
    while low < high:
        middle = (low + high + 1) // 2
        file.seek(place + middle * stride)
        if file.read(8) == start:
            low = middle
        else:
            high = middle - 1
    return place + (low + 1) * stride


def picture_alone(file: BinaryIO, where: Where) -> tuple[dict[bytes, bytes], NDArray[np.uint8]]:
    """Chunks that describe the pixels, and a file of the picture data, whose IHDR is left open.

    The file is an array of bytes, ``(length,)``.

    Raises:
        DataError: it is damaged, or holds a chunk that is not known and must be.
    """
    size = file.seek(0, 2)
    chunks: dict[bytes, bytes] = {}
    first = START + 25  # behind IHDR
    plain = np.empty(first + size + len(_LAST), np.uint8)
    plain[:START] = np.frombuffer(png_chunks.SIGNATURE, np.uint8)
    view = plain.data
    filled = first
    place = file.seek(START)
    while True:
        start = file.read(8)
        if len(start) < 8 or place + 12 > size:
            raise truncated(where)
        length, name = struct.unpack(">I4s", start)
        place += 12 + length
        if place > size:
            raise truncated(where)
        if name == b"IEND":
            view[filled : filled + len(_LAST)] = _LAST
            return chunks, plain[: filled + len(_LAST)]
        if name == b"IDAT":
            view[filled : filled + 8] = start
            chunk = view[filled : filled + 12 + length]
            if file.readinto(chunk[8:]) < length + 4:  # type: ignore[attr-defined]  # a file of bytes has it
                raise truncated(where)
            is_undamaged_chunk(name, chunk[8:-4], chunk[-4:], where)
            filled += len(chunk)
        elif name in (b"IHDR", b"PLTE", b"tRNS") and filled == first:
            content, checksum = file.read(length), file.read(4)
            if is_undamaged_chunk(name, content, checksum, where):
                chunks.setdefault(name, content)
        else:
            _refuse_critical(name, where)
            file.seek(place)


def is_undamaged_chunk(
    name: bytes, content: bytes | memoryview, checksum: bytes | memoryview, where: Where
) -> bool:
    """Whether a chunk is as it was written.

    Raises:
        DataError: it is not, and pixels need it.
    """
    if zlib.crc32(content, zlib.crc32(name)) == int.from_bytes(checksum, "big"):
        return True
    if name[:1].isupper() or name in (b"tRNS", b"eXIf", b"fcTL", b"fdAT"):
        raise damaged(where, f"wrong checksum of a chunk {name.decode('latin-1')}")
    return False


def _refuse_critical(name: bytes, where: Where) -> None:
    """Chunks that must be understood, by their upper-case first letter (section 5.4)."""
    if name == b"CgBI":
        raise unsupported(where, "PNG as Xcode optimizes it for iPhones")
    if not (name.isalpha() and name.isascii()):
        raise damaged(where, "a chunk has no name")
    if name[:1].isupper() and name not in (b"IHDR", b"PLTE"):
        raise unsupported(where, f"PNG with a chunk {name.decode('latin-1')}")
