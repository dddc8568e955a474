"""Which images of a folder the index knows, by times and sizes of their files."""

from __future__ import annotations

import os
from collections.abc import Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from srcore.scanning.index import NO_FILE, ScanIndex, Stamp


@attrs.frozen(eq=False)
class LookedUp:
    """What the index knows of some images, by their places in the list.

    Attributes:
        sizes: ``(N, 2)``, heights and widths; zeros of those that are unread or have a fault.
        faults: (place, fault without path) of those whose header could not be read.
        unread: (place, stamp) of those whose header has to be read, now.
        file_bytes: ``(N,)``, how long the files are now; -1 of those that are not there.
    """

    sizes: NDArray[np.int32]
    faults: list[tuple[int, str]]
    unread: list[tuple[int, Stamp]]
    file_bytes: NDArray[np.int64]


def look_up(folder: bytes, index: ScanIndex, names: Sequence[bytes]) -> LookedUp:
    """Compare the index with the files.

    Args:
        folder: of the images.
        index: of the folder.
        names: of the images, in the order of their bytes.
    """
    sizes: list[int] = []
    faults: list[tuple[int, str]] = []
    unread: list[tuple[int, Stamp]] = []
    file_bytes: list[int] = []
    paths = _file_paths(folder, names)
    for place, (path, row) in enumerate(zip(paths, index.rows(names), strict=True)):
        try:
            state = os.stat(path)
            stamp = state.st_mtime_ns, state.st_size
        except OSError:
            stamp = NO_FILE
        file_bytes.append(stamp[1])
        if row is None or row[:2] != stamp:
            unread.append((place, stamp))
            sizes += (0, 0)
            continue
        sizes += row[2:4]
        if row[4]:
            faults.append((place, row[4]))
    return LookedUp(
        np.array(sizes, np.int32).reshape(-1, 2), faults, unread, np.array(file_bytes, np.int64)
    )


def _file_paths(folder: bytes, names: Sequence[bytes]) -> list[bytes]:
    """Where they lie; a list may name files elsewhere by absolute paths."""
    if os.sep == "/" and b"\0/" not in b"\0" + b"\0".join(names):
        before = os.path.join(folder, b"")
        return [before + name for name in names]  # a quarter of what comparing with the file takes
    return [os.path.join(folder, name) for name in names]
