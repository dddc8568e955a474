"""Reading files at places, from many processes and threads at once."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from srcore.errors import DataError

#: Files that a process keeps open; systems allow 256 or more.
_OPEN = 32


class _Descriptor:
    """An open file, closed when nobody holds it any more."""

    def __init__(self, path: Path) -> None:
        self.number = os.open(path, _FLAGS)

    def __del__(self) -> None:
        if "number" in self.__dict__:
            os.close(self.number)


class PlaceReader:
    """Parts of files. Some are kept open, whatever process goes on with them.

    Reading at a place moves no position, so processes that were forked may share what is open, and
    threads need no lock: a file that another thread puts away is closed when it has been read.
    """

    def __init__(self) -> None:
        self._open: dict[Path, _Descriptor] = {}

    def read(self, path: Path, offset: int, size: int) -> bytes:
        """``size`` bytes of a file from ``offset`` on.

        Raises:
            DataError: the file cannot be read, or ends before.
        """
        try:
            descriptor = self._open.pop(path, None) or _Descriptor(path)
            self._open[path] = descriptor  # the last one of those that were used
            for other in list(self._open)[:-_OPEN]:
                self._open.pop(other, None)
            pieces = []
            while size and (piece := _read_at(descriptor.number, size, offset)):
                pieces.append(piece)
                offset, size = offset + len(piece), size - len(piece)
        except FileNotFoundError as error:
            raise DataError(f"{path}: no such file") from error
        except OSError as error:
            raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
        if size:
            raise DataError(
                f"{path}: ends {size} bytes before the end of an image; copy or download it again"
            )
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def __getstate__(self) -> dict[str, Any]:
        return {"_open": {}}


if sys.platform == "win32":  # pragma: no cover - Windows
    _FLAGS = os.O_RDONLY | os.O_BINARY

    def _read_at(number: int, size: int, offset: int) -> bytes:
        # Each thread opens its own file here: there is no call that keeps the position.
        copy = os.dup(number)
        with os.fdopen(copy, "rb", buffering=0) as stream:
            stream.seek(offset)
            return stream.read(size) or b""

else:
    _FLAGS = os.O_RDONLY

    def _read_at(number: int, size: int, offset: int) -> bytes:
        return os.pread(number, size, offset)
