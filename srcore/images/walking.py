"""Files of a folder and of those below it, through links too, but never in circles."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs

Identity = tuple[int, int]
OnError = Callable[[OSError], object]


@attrs.frozen
class Entry:
    """What a search comes by.

    Attributes:
        path: by the names that led there.
        is_folder: whether it is a folder, or leads to one.
        is_link: whether it leads elsewhere; one that leads nowhere is no folder.
    """

    path: Path
    is_folder: bool
    is_link: bool


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
    entries = files_and_folders(folder, recursive=recursive, on_error=on_error)
    return (entry.path for entry in entries if not entry.is_folder)


def files_and_folders(
    folder: Path, *, recursive: bool = False, on_error: OnError | None = None
) -> Iterator[Entry]:
    """As :func:`files_of`, with the folders that are searched, ``folder`` first."""
    waiting = [(Entry(folder, True, folder.is_symlink()), frozenset({identity(folder)}))]
    while waiting:
        current, above = waiting.pop()
        yield current
        try:
            with os.scandir(current.path) as entries:
                children = list(entries)
        except OSError as error:
            if on_error is None or current.path == folder:
                raise
            on_error(error)
            continue
        for entry in children:
            path, is_link = current.path / entry.name, entry.is_symlink()
            # Not the entry's own methods: they raise for a link to itself.
            if not os.path.isdir(path):
                # Pipes and devices are no files, and no link makes them: reading may never end.
                if os.path.isfile(path) or (is_link and not os.path.exists(path)):
                    yield Entry(path, False, is_link)
            elif recursive and (known := identity(path)) not in above:
                waiting.append((Entry(path, True, is_link), above | {known}))


def identity(folder: str | Path) -> Identity:
    """Equal for all names of one folder or file."""
    status = os.stat(folder)
    return status.st_dev, status.st_ino
