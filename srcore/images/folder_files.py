"""Files below a folder as names: a path is made when it is asked for.

A million paths are 310 MB in every process; their names, compressed in blocks, some 3.
"""

from __future__ import annotations

import bisect
import os
import zlib
from collections.abc import Iterator, Sequence
from itertools import accumulate, chain
from pathlib import Path
from typing import overload

#: Shorter lists are kept as they are.
_WORTH_PACKING = 10_000
#: Names of a block: unpacking one takes about as long as opening a file.
_BLOCK = 256


class PackedNames(Sequence[str]):
    """Names in compressed blocks, of which one is unpacked at a time.

    >>> names = PackedNames([f"{number:07}.png" for number in range(1000)])
    >>> len(names), names[999], names[-1000]
    (1000, '0000999.png', '0000000.png')
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._length = len(names)
        self._blocks = [
            zlib.compress(os.fsencode("\0".join(names[start : start + _BLOCK])), 1)
            for start in range(0, len(names), _BLOCK)
        ]
        self._unpacked: tuple[int, list[str]] = (-1, [])

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        """A name, or some of them."""
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(self._length))]
        number = range(self._length)[index]
        return self._block(number // _BLOCK)[number % _BLOCK]

    def __iter__(self) -> Iterator[str]:
        return chain.from_iterable(map(self._block, range(len(self._blocks))))

    def _block(self, number: int) -> list[str]:
        known, names = self._unpacked  # one assignment: threads see a block with its number
        if known != number:
            names = os.fsdecode(zlib.decompress(self._blocks[number])).split("\0")
            self._unpacked = number, names
        return names


def packed(names: Sequence[str]) -> Sequence[str]:
    """The names, packed if there are many."""
    is_long = len(names) >= _WORTH_PACKING and not isinstance(names, PackedNames)
    return PackedNames(names) if is_long else names


class FolderFiles(Sequence[Path]):
    """Files below a folder.

    Args:
        folder: as errors shall name it.
        names: their paths below it, with ``/``.
        is_whole: whether these are known to be all images of the folder, those below left out.
    """

    def __init__(self, folder: Path, names: Sequence[str], *, is_whole: bool = False) -> None:
        self.folder = folder
        self.names = packed(names)
        self.is_whole = is_whole

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, index: int) -> Path: ...
    @overload
    def __getitem__(self, index: slice) -> FolderFiles: ...
    def __getitem__(self, index: int | slice) -> Path | FolderFiles:
        """A path, or some of the files."""
        if isinstance(index, slice):
            return FolderFiles(self.folder, self.names[index])
        return self.folder / self.names[index]

    def __iter__(self) -> Iterator[Path]:
        return map(self.folder.joinpath, self.names)

    def texts(self) -> Iterator[str]:
        """All paths as texts, which is much quicker."""
        folder = os.fspath(self.folder)
        return (os.path.join(folder, name) for name in self.names)


class JoinedFiles(Sequence[Path]):
    """Files of several folders, one folder after another.

    Args:
        parts: the files of each.
    """

    def __init__(self, parts: Sequence[FolderFiles]) -> None:
        self.parts = parts
        self._ends = list(accumulate(map(len, parts)))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @overload
    def __getitem__(self, index: int) -> Path: ...
    @overload
    def __getitem__(self, index: slice) -> list[Path]: ...
    def __getitem__(self, index: int | slice) -> Path | list[Path]:
        """A path, or some of them."""
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        number = range(len(self))[index]
        part = bisect.bisect_right(self._ends, number)
        return self.parts[part][number - (self._ends[part - 1] if part else 0)]

    def __iter__(self) -> Iterator[Path]:
        return chain.from_iterable(self.parts)

    def texts(self) -> Iterator[str]:
        """All paths as texts."""
        return chain.from_iterable(part.texts() for part in self.parts)
