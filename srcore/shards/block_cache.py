"""Parts of large files, kept in a folder that does not grow beyond its limit.

Files are kept in blocks. Many processes use one folder: a block is there whole or not at all, one
process fetches it while the others wait, and what was not used for longest goes first.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from srcore.files.alone import alone
from srcore.files.atomic import write_bytes

#: Bytes of a block: at 1 Gbit/s it takes as long as two answers of a distant server.
BLOCK_BYTES = 4 << 20
_SUFFIX = ".block"
#: Of the limit: what a process writes before it looks how full the folder is, and what is freed
#: beyond need; so 16 processes stay below the limit together.
_UNSEEN, _FREED = 1 / 128, 1 / 8


class BlockCache:
    """Blocks of files by name and number.

    Args:
        folder: where they are kept.
        limit: bytes of all blocks together.
        block_bytes: of a block.
    """

    def __init__(self, folder: Path, limit: int, block_bytes: int = BLOCK_BYTES) -> None:
        self.folder = folder
        self._limit = limit
        self._block_bytes = block_bytes
        self._unseen: float = limit

    def read(
        self, name: str, offset: int, size: int, fetch: Callable[[int, int], bytes], end: int
    ) -> bytes:
        """``size`` bytes of a file from ``offset`` on.

        Args:
            name: of the file; another content has another name.
            offset: of the first byte.
            size: bytes.
            fetch: gives the bytes from a place to before another.
            end: size of the file.

        Raises:
            DataError: ``fetch`` fails, or the folder cannot be written.
        """
        pieces = []
        while size > 0:
            number, begin = divmod(offset, self._block_bytes)
            count = min(size, self._block_bytes - begin)
            pieces.append(self._part(name, number, begin, count, fetch, end))
            offset, size = offset + count, size - count
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _part(
        self,
        name: str,
        number: int,
        begin: int,
        count: int,
        fetch: Callable[[int, int], bytes],
        end: int,
    ) -> bytes:
        block = self.folder / f"{name}-{number:06}{_SUFFIX}"
        part = _kept(block, begin, count)
        if part is not None:
            return part
        with alone(block, lambda: None):
            part = _kept(block, begin, count)  # another process was quicker
            if part is not None:
                return part
            start = number * self._block_bytes
            content = fetch(start, min(start + self._block_bytes, end))
            self._make_room(len(content))
            write_bytes(block, content, durable=False)
        return content[begin : begin + count]

    def _make_room(self, size: int) -> None:
        self._unseen += size
        if self._unseen < self._limit * _UNSEEN:
            return
        self._unseen = 0
        blocks = []
        with os.scandir(self.folder) as entries:
            for entry in entries:
                if entry.name.endswith(_SUFFIX) and not entry.name.startswith("."):
                    with contextlib.suppress(FileNotFoundError):  # another process removed it
                        state = entry.stat()
                        blocks.append((state.st_mtime_ns, state.st_size, entry.path))
        excess = sum(bytes for _, bytes, _ in blocks) + size - self._limit * (1 - _FREED)
        for _, bytes, path in sorted(blocks):
            if excess <= 0:
                break
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
            excess -= bytes


def _kept(block: Path, begin: int, count: int) -> bytes | None:
    """A part of a block that is kept; None if it is not there."""
    try:
        with block.open("rb") as stream:
            stream.seek(begin)
            part = stream.read(count)
        os.utime(block)  # it was used last
    except FileNotFoundError:
        return None
    return part if len(part) == count else None
