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
    return (
        folder / below.name / entry.name
        for below in _searched(folder, recursive, on_error)
        for entry in below.files
    )


def names_by_folder(folder: Path, *, recursive: bool = False) -> Iterator[tuple[str, list[str]]]:
    """As :func:`files_of`, a tenth of the time: a folder's path below, ``/`` in it, and names."""
    for below in _searched(folder, recursive, None):
        yield below.name, [entry.name for entry in below.files]


def files_and_folders(
    folder: Path, *, recursive: bool = False, on_error: OnError | None = None
) -> Iterator[Entry]:
    """As :func:`files_of`, with the folders that are searched, ``folder`` first."""
    for below in _searched(folder, recursive, on_error):
        path = folder / below.name
        yield Entry(path, True, below.is_link)
        for entry in below.files:
            yield Entry(path / entry.name, False, entry.is_symlink())


def identity(folder: str | Path) -> Identity:
    """Equal for all names of one folder or file."""
    status = os.stat(folder)
    return status.st_dev, status.st_ino


@attrs.frozen
class _Below:
    """A folder that is searched: its path below the one where the search began, and its files."""

    name: str
    is_link: bool
    files: list[os.DirEntry[str]]


def _searched(folder: Path, recursive: bool, on_error: OnError | None) -> Iterator[_Below]:
    top = os.fspath(folder)
    waiting = [("", folder.is_symlink(), frozenset({identity(folder)}))]
    while waiting:
        name, is_link, above = waiting.pop()
        inside: list[os.DirEntry[str]] = []
        try:
            with os.scandir(os.path.join(top, name) if name else top) as entries:
                inside.extend(entries)
        except OSError as error:
            if on_error is None or not name:
                raise
            on_error(error)
        # What the system has told with the name is asked first.
        files = [entry for entry in inside if entry.is_file(follow_symlinks=False)]
        folders: list[os.DirEntry[str]] = []
        if len(files) < len(inside):
            # For links not the entry's own methods: they raise for a link to itself.
            others = [entry for entry in inside if not entry.is_file(follow_symlinks=False)]
            folders = [entry for entry in others if os.path.isdir(entry.path)]
            links = (entry for entry in others if entry.is_symlink())
            files += [entry for entry in links if _leads_to_a_file(entry.path)]
        yield _Below(name, is_link, files)
        for entry in folders if recursive else ():
            if (known := identity(entry.path)) not in above:
                below = f"{name}/{entry.name}" if name else entry.name
                waiting.append((below, entry.is_symlink(), above | {known}))


def _leads_to_a_file(link: str) -> bool:
    """Or nowhere. Pipes and devices are no files: reading may never end."""
    return os.path.isfile(link) or not os.path.exists(link)
