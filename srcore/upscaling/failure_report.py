"""Files that failed, in a file: an object of JSON in every line, written as it happens."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

from srcore.errors import DataError
from srcore.files.atomic import write_bytes
from srcore.upscaling.batch import Result

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows
    fcntl = None  # type: ignore[assignment]  # one process writes there


class FailureReport:
    """A report to which all processes of a job add lines.

    Args:
        file: where; None: nowhere.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file

    @property
    def files(self) -> list[Path]:
        """The file, if there is one."""
        return [self._file] if self._file is not None else []

    def begin(self) -> None:
        """Write it without lines.

        Raises:
            DataError: it cannot be written.
        """
        if self._file is not None:
            write_bytes(self._file, b"")

    def add(self, results: Iterable[Result]) -> None:
        """Add those of the results that failed.

        Raises:
            DataError: it cannot be written.
        """
        lines = [json.dumps(it.as_dict()) + "\n" for it in results if it.status == "failed"]
        if self._file is None or not lines:
            return
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        try:
            with open(os.open(self._file, flags, 0o666), "ab", buffering=0) as stream:
                if fcntl is not None:
                    with contextlib.suppress(OSError):  # hosts would add at the same place
                        fcntl.lockf(stream, fcntl.LOCK_EX)
                stream.write("".join(lines).encode())
        except OSError as error:
            raise DataError(
                f"{self._file}: cannot be written: {error.strerror or error}"
            ) from error
