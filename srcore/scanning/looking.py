"""Which images of a folder the index knows, by times and sizes of their files."""

from __future__ import annotations

import os
from collections.abc import Sequence

import attrs

from srcore.scanning.index import NO_FILE, ScanIndex, Stamp


@attrs.frozen
class LookedUp:
    """What the index knows of some images, by their places in the list.

    Attributes:
        sizes: height and width; zeros of those that are unread or have a fault.
        faults: (place, fault without path) of those whose header could not be read.
        unread: (place, stamp) of those whose header has to be read, now.
    """

    sizes: list[tuple[int, int]]
    faults: list[tuple[int, str]]
    unread: list[tuple[int, Stamp]]


def look_up(folder: bytes, index: ScanIndex, names: Sequence[bytes]) -> LookedUp:
    """Compare the index with the files.

    Args:
        folder: of the images.
        index: of the folder.
        names: of the images, in the order of their bytes.
    """
    known = LookedUp([], [], [])
    rows = index.rows(names)
    for place, name in enumerate(names):
        try:
            state = os.stat(os.path.join(folder, name))
            stamp = state.st_mtime_ns, state.st_size
        except OSError:
            stamp = NO_FILE
        row = rows.get(name)
        if row is None or row[:2] != stamp:
            known.unread.append((place, stamp))
            known.sizes.append((0, 0))
            continue
        known.sizes.append(row[2:4])
        if row[4]:
            known.faults.append((place, row[4]))
    return known
