"""Files of a folder and of those below it, through links too, but never in circles."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

Identity = tuple[int, int]
OnError = Callable[[OSError], object]


def files_of(
    folder: Path, *, recursive: bool = False, on_error: OnError | None = None
) -> Iterator[Path]:
    """Files, hidden ones too, in no order; links that lead nowhere count as files.

    A link to a folder is followed unless it leads back to a folder that it lies in.

    Args:
        folder: where to look.
        recursive: also look in folders below.
        on_error: called for a folder below that cannot be read; None: the error is raised.

    Raises:
        OSError: the folder cannot be read.
    """
    waiting = [(folder, frozenset({_identity(folder)}))]
    while waiting:
        current, above = waiting.pop()
        try:
            with os.scandir(current) as entries:
                found = list(entries)
        except OSError as error:
            if on_error is None or current == folder:
                raise
            on_error(error)
            continue
        for entry in found:
            path = current / entry.name
            # Not the entry's own methods: they raise for a link to itself.
            if not os.path.isdir(path):
                # Pipes and devices are no files: reading one may never end.
                if os.path.isfile(path) or entry.is_symlink():
                    yield path
            elif recursive and (identity := _identity(path)) not in above:
                waiting.append((path, above | {identity}))


def _identity(folder: Path) -> Identity:
    status = os.stat(folder)
    return status.st_dev, status.st_ino
