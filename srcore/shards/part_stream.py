"""A part of something larger as a file of its own."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class PartStream(io.RawIOBase):
    """What is read at places, as a file.

    Args:
        read: gives bytes: from where on, and how many.
        size: of the file.
    """

    def __init__(self, read: Callable[[int, int], bytes], size: int) -> None:
        self._read = read
        self._size = size
        self._place = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place, as with files."""
        starts = (0, self._place, self._size)
        self._place = max(0, starts[whence] + offset)
        return self._place

    def tell(self) -> int:
        """The place."""
        return self._place

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill a buffer, as far as there is something."""
        view = memoryview(buffer).cast("B")
        count = max(0, min(len(view), self._size - self._place))
        view[:count] = self._read(self._place, count)
        self._place += count
        return count
