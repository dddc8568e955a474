"""What is known of an image before it is decoded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import attrs
import numpy as np
from numpy.typing import NDArray

from srcore.errors import DataError
from srcore.images import read_header

#: Height and width.
Size = tuple[int, int]
#: Stands for the path in a fault, which is kept without it: a folder may be named in many ways.
_PATH = "\0"


@attrs.frozen
class Facts:
    """What the header of one image says.

    Attributes:
        height: rows, upright; 0 where there is a fault.
        width: columns, upright.
        bits: per channel, 8 or 16.
        channels: 1 gray, 2 gray and alpha, 3 RGB, 4 RGB and alpha.
        fault: why the header cannot be read, without the path; empty: it can.
    """

    height: int = 0
    width: int = 0
    bits: int = 0
    channels: int = 0
    fault: str = ""


def read_facts(path: Path) -> Facts:
    """The facts of a file; what is wrong with it is one of them."""
    try:
        header = read_header(path)
    except DataError as error:
        return Facts(fault=str(error).replace(str(path), _PATH))
    return Facts(header.height, header.width, header.bits, header.channels)


@attrs.frozen(eq=False)
class ScannedImages:
    """What is known of the images of a list, by their numbers.

    Attributes:
        sizes: ``(N, 2)``, heights and widths; zeros where the header was not read or has a fault.
        faults: what is wrong with images, whole messages.
        asked: how many of the headers were asked for: all, or a sample.
        file_bytes: ``(N,)``, how long the files were then; -1 where that was not asked or there was
            none. None: it is not known.
    """

    sizes: NDArray[np.int32]
    faults: dict[int, str]
    asked: int
    file_bytes: NDArray[np.int64] | None = None

    def known(self) -> NDArray[np.bool_]:
        """Which sizes are known, ``(N,)``."""
        known: NDArray[np.bool_] = self.sizes[:, 0] > 0
        return known

    def size(self, number: int) -> Size:
        """Height and width of an image whose size is known."""
        height, width = self.sizes[number].tolist()
        return height, width

    def sizes_by(self, names: Iterable[str]) -> dict[str, Size]:
        """The known sizes by the names of the images."""
        sizes = map(tuple, self.sizes.tolist())
        return {name: size for name, size in zip(names, sizes, strict=True) if size[0]}


def whole_fault(fault: str, path: Path) -> str:
    """A fault with the path of its file."""
    return fault.replace(_PATH, str(path))


def joined(scans: Sequence[ScannedImages]) -> ScannedImages:
    """Lists one after another as one."""
    if len(scans) == 1:
        return scans[0]
    starts = np.cumsum([0, *(len(scan.sizes) for scan in scans)]).tolist()
    return ScannedImages(
        np.concatenate([scan.sizes for scan in scans]),
        {
            start + number: fault
            for start, scan in zip(starts, scans, strict=False)
            for number, fault in scan.faults.items()
        },
        sum(scan.asked for scan in scans),
    )
