"""Ways by which a search for images comes to a place: as a folder below, or through links.

What a program writes at a place that its images are searched in becomes images itself.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from srcore.images.listing import is_image_name
from srcore.images.walking import Entry, Identity, files_and_folders, identity


class FolderSet:
    """Folders, known by what they are and not by their names; some may be yet to be made."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._own: set[Identity] = set()
        self._above: set[Identity] = set()
        for folder in folders:
            own, *above = _lineage(os.path.realpath(folder))
            self._own |= own
            self._above |= own.union(*above)
        self._answers: dict[str, bool] = {}

    def holds(self, path: Path) -> bool:
        """Whether a folder, or that of a file, is one of them or lies in one."""
        return self._is_inside(os.path.realpath(path) if path.is_dir() else _folder_of(path))

    def holds_folder_of(self, file: Path) -> bool:
        """Whether a file is found there; where it leads does not count."""
        return self._is_inside(str(file.parent))

    def lies_in(self, folder: Path) -> bool:
        """Whether one of them is that folder or lies in it."""
        return bool(_identity_if_any(folder) & self._above)

    def _is_inside(self, folder: str) -> bool:
        if folder not in self._answers:
            lineage = _lineage(os.path.realpath(folder))
            self._answers[folder] = any(identities & self._own for identities in lineage)
        return self._answers[folder]


def way_to(place: FolderSet, folder: Path, *, recursive: bool = False) -> Path | None:
    """How a search in ``folder`` comes to files of a place, or None.

    By a folder that the place lies in, if it is recursive; by a link to a folder or an image.
    """
    for entry in _readable_entries(folder, recursive=recursive):
        if entry.is_folder and recursive and place.lies_in(entry.path):
            return entry.path
        is_way = entry.is_link and (entry.is_folder or is_image_name(entry.path))
        if is_way and entry.path != folder and place.holds(entry.path):
            return entry.path
    return None


def searched_above(place: FolderSet, folder: Path) -> Path | None:
    """A folder that a recursive search in ``folder`` comes to and the place lies in, or None."""
    entries = _readable_entries(folder, recursive=True)
    return next((it.path for it in entries if it.is_folder and place.lies_in(it.path)), None)


def _readable_entries(folder: Path, *, recursive: bool) -> Iterator[Entry]:
    """Without what cannot be read or is not there: others tell of that."""
    with contextlib.suppress(OSError, ValueError):
        yield from files_and_folders(folder, recursive=recursive, on_error=lambda error: None)


def _lineage(folder: str) -> list[set[Identity]]:
    """A folder and those above it, each as a set that is empty where there is none yet."""
    path = Path(folder)
    return [_identity_if_any(upper) for upper in (path, *path.parents)]


def _identity_if_any(folder: Path) -> set[Identity]:
    try:
        return {identity(folder)}
    except (OSError, ValueError):
        return set()


def _folder_of(file: Path) -> str:
    """Where a file lies that a link may lead to, without asking for every part of its path."""
    if not file.is_symlink():
        return str(file.parent)
    target = os.path.join(file.parent, os.readlink(file))
    return os.path.dirname(os.path.realpath(file) if os.path.islink(target) else target)
