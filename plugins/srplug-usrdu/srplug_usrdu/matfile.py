"""MATLAB 5 files with one real matrix, read and written without SciPy.

The format: "MAT-File Format", The MathWorks: a header of 128 bytes, then data elements, each a tag
(type, length) and content padded to 8 bytes; elements may be compressed by zlib. Only full real
matrices of two dimensions are understood, which is what blur kernels are.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from srcore.errors import DataError
from srcore.files.atomic import write_bytes

_MATRIX, _COMPRESSED = 14, 15
_INT8, _INT32, _UINT32, _DOUBLE = 1, 5, 6, 9
_NUMBERS = {
    1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8",
}  # fmt: skip
_DOUBLE_CLASS = 6
_COMPLEX_FLAG = 0x800
_NUMERIC_CLASSES = range(6, 16)


def write_matrix(path: Path, name: str, matrix: NDArray[np.floating]) -> None:
    """Write a matrix as double under a variable's name, atomically.

    Raises:
        DataError: the folder is read-only, the disk is full, ...
    """
    flags = struct.pack("<II", _DOUBLE_CLASS, 0)
    parts = [
        _element(_UINT32, flags),
        _element(_INT32, struct.pack("<ii", *matrix.shape)),
        _element(_INT8, name.encode("ascii")),
        _element(_DOUBLE, matrix.astype("<f8").tobytes(order="F")),
    ]
    text = b"MATLAB 5.0 MAT-file, written by srplug-usrdu".ljust(116)
    header = text + bytes(8) + struct.pack("<H", 0x0100) + b"IM"
    write_bytes(path, header + _element(_MATRIX, b"".join(parts)))


def read_matrix(path: Path, name: str) -> NDArray[np.float64]:
    """Read the matrix of a name.

    Raises:
        DataError: not such a file, no such variable, or not a full real matrix.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    order = {b"IM": "<", b"MI": ">"}.get(content[126:128])
    if order is None:
        raise DataError(
            f"{path}: not a MATLAB 5 file; save it with save(..., '-v7'), or use .npy files"
        )
    try:
        found = dict(_matrices(content[128:], order))
    except (struct.error, zlib.error, ValueError) as error:
        raise DataError(f"{path}: damaged or cut off ({error})") from error
    matrix = found.get(name)
    if matrix is None:
        raise DataError(
            f"{path}: no real matrix {name!r}; it holds {', '.join(sorted(found)) or 'nothing'}"
        )
    return matrix


def _element(kind: int, content: bytes) -> bytes:
    padding = bytes(-len(content) % 8)
    return struct.pack("<II", kind, len(content)) + content + padding


def _elements(data: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position + 8 <= len(data):
        first, length = struct.unpack_from(f"{order}II", data, position)
        if first >> 16:  # a small element: length and up to four bytes within the tag
            kind, length, start, step = first & 0xFFFF, first >> 16, position + 4, 8
        else:
            kind, start = first, position + 8
            step = 8 + length + (0 if kind == _COMPRESSED else -length % 8)
        if start + length > len(data):
            raise ValueError("an element is longer than the file")
        yield kind, data[start : start + length]
        position += step


def _matrices(data: bytes, order: str) -> Iterator[tuple[str, NDArray[np.float64]]]:
    for kind, content in _elements(data, order):
        if kind == _COMPRESSED:
            yield from _matrices(zlib.decompress(content), order)
        elif kind == _MATRIX:
            yield from _matrix(content, order)


def _matrix(data: bytes, order: str) -> Iterator[tuple[str, NDArray[np.float64]]]:
    parts = list(_elements(data, order))
    if len(parts) < 4 or parts[3][0] not in _NUMBERS:
        return
    (_, flags), (_, sizes), (_, name), (kind, values) = parts[:4]
    (word,) = struct.unpack_from(f"{order}I", flags)
    shape = tuple(np.frombuffer(sizes, f"{order}i4").tolist())
    if word & 0xFF not in _NUMERIC_CLASSES or word & _COMPLEX_FLAG or len(shape) != 2:
        return
    numbers = np.frombuffer(values, f"{order}{_NUMBERS[kind]}")
    yield name.decode("ascii"), numbers.astype(np.float64).reshape(shape, order="F")
