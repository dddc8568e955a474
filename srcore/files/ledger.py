"""What of a long job is done, line by line: what is noted stays, however the process ends."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any


class JobLedger:
    """A file of lines of JSON that only grows.

    Lines are handed to the system whole, so that a process that is killed leaves at most its last
    one torn. That one is left out when they are read, and stays alone when others follow.

    Args:
        file: need not exist; its folder is made when something is noted.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "ledger"
    >>> JobLedger(file).note([["a", 1.5], ["b", float("inf")]])
    >>> _ = file.write_bytes(file.read_bytes() + b'["c", 2')  # killed while it wrote
    >>> JobLedger(file).note([["d", 3]])
    >>> list(JobLedger(file).entries())
    [['a', 1.5], ['b', inf], ['d', 3]]
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    def entries(self) -> Iterator[Any]:
        """All that was noted, the oldest first."""
        try:
            stream = self.file.open("rb")
        except FileNotFoundError:
            return
        with stream:
            for line in stream:
                try:
                    yield json.loads(line)
                except ValueError:  # torn
                    continue

    def note(self, entries: Iterable[Any]) -> None:
        """Add lines.

        Args:
            entries: lists or dictionaries; floats in them come back as they are, infinite ones too.

        Raises:
            OSError: the file cannot be written.
        """
        lines = "".join(f"{json.dumps(entry)}\n" for entry in entries)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("a+b", buffering=0) as stream:
            if stream.tell():
                stream.seek(-1, os.SEEK_END)
                lines = lines if stream.read(1) == b"\n" else f"\n{lines}"
            stream.write(lines.encode())
