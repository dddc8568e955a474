"""Deleting a folder that srcore wrote: file by file, and only if every one of them is known.

A user's notes, a folder that is a link or a link inside stop it before anything is gone.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

from srcore.errors import SrcoreError
from srcore.files.atomic import is_temporary
from srcore.messages import some


def refuse_foreign(folder: Path, patterns: Iterable[str], writer: str) -> None:
    """Refuse a folder that :func:`delete_known` would not delete.

    Args:
        folder: what is to be deleted.
        patterns: relative paths of its files; ``*`` stands for folders too.
        writer: who should have written them, for the message.

    Raises:
        SrcoreError: it is a link, or holds what matches no pattern.
    """
    if folder.is_symlink():
        raise SrcoreError(
            f"{folder}: is a link, and no link's target is deleted; delete it yourself or choose "
            "another name"
        )
    known = list(patterns)
    files, _ = _everything_in(folder)
    inside = [path.relative_to(folder) for path in files]
    foreign = [path.as_posix() for path in inside if not _is_known(path, known)]
    if foreign:
        raise SrcoreError(
            f"{folder}: nothing was deleted, it holds what {writer} did not write: "
            f"{some(foreign)}; move that away, or choose another name"
        )


def delete_known(
    folder: Path, patterns: Iterable[str], *, writer: str, last: str, keep: str = ""
) -> None:
    """Delete a folder whole, or say what keeps it and delete nothing.

    Args:
        folder: what is deleted.
        patterns: see :func:`refuse_foreign`.
        writer: see there.
        last: the file by which the folder is recognized; it goes last, so that a deletion that was
            interrupted can be done again.
        keep: a file in the folder that stays, and with it the folder.

    Raises:
        SrcoreError: as :func:`refuse_foreign`, or a file cannot be deleted.
    """
    refuse_foreign(folder, [*patterns, keep], writer)
    files, folders = _everything_in(folder)
    if keep and folder / keep in files:
        files.remove(folder / keep)
        folders.remove(folder)
    try:
        for path in sorted(files, key=lambda path: path == folder / last):
            path.unlink()
        for path in folders:
            path.rmdir()
    except OSError as error:
        place = error.filename or folder
        raise SrcoreError(f"{place}: cannot be deleted: {error.strerror}") from error


def _everything_in(folder: Path) -> tuple[list[Path], list[Path]]:
    """All files (links count as such) and all folders, the inner ones first."""
    files, folders = [], []
    for top, below, names in os.walk(folder, topdown=False):
        here = Path(top)
        links = [name for name in below if (here / name).is_symlink()]
        files += [here / name for name in (*names, *links)]
        folders.append(here)
    return files, folders


def _is_known(path: Path, patterns: Iterable[str]) -> bool:
    return is_temporary(path) or any(fnmatchcase(path.as_posix(), name) for name in patterns)
