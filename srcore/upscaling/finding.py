"""Which files an upscaling job was asked for, and what of them it leaves out."""

from __future__ import annotations

import fnmatch
import glob
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import attrs

from srcore.files.atomic import is_temporary
from srcore.films.names import is_film_name
from srcore.images import FolderSet, files_of, is_image_name, natural_key


@attrs.frozen
class FoundImage:
    """An input file and the folder that it was found through (None: named itself)."""

    path: Path
    root: Path | None = None

    @property
    def below(self) -> Path:
        """Its folder relative to the one that was named."""
        return self.path.relative_to(self.root).parent if self.root is not None else Path()


class Search:
    """Looks for inputs and remembers what it passed by.

    Args:
        recursive: also take images and films in folders below.
        output: a folder whose files are results and no inputs, unless they are named themselves.
        takes_films: whether folders and patterns are searched for films too.

    Attributes:
        notes: one line for every folder or pattern of which something is left out.
        unreadable: folders that could not be looked into, and why.
    """

    def __init__(self, recursive: bool, output: Path | None, *, takes_films: bool) -> None:
        self.notes: list[str] = []
        self.unreadable: list[tuple[Path, str]] = []
        self._recursive = recursive
        self._output = output
        self._takes_films = takes_films

    def find(self, inputs: Sequence[str], listed: Sequence[str] = ()) -> list[FoundImage]:
        """Files that the inputs name, each once, those of a folder in natural order.

        Args:
            inputs: files, folders and patterns.
            listed: files and folders whose names are no patterns.
        """
        files: dict[str, FoundImage] = {}
        given = [(name, True) for name in inputs] + [(name, False) for name in listed]
        for name, may_be_pattern in given:
            for entry in self._matches(name, may_be_pattern):
                files.setdefault(os.path.abspath(entry.path), entry)
        return list(files.values())

    def _matches(self, name: str, may_be_pattern: bool) -> list[FoundImage]:
        path = Path(name)
        if os.path.isdir(path):
            made = FolderSet([self._output] if self._output else [])
            if made.holds(path):
                made = FolderSet([])
            files = [file for file in self._files_of(path) if not made.holds_folder_of(file)]
            images = self._images(name, files)
            below = [] if self._recursive else _folders_in(path)
            folders = len([folder for folder in below if not made.holds(folder)])
            if folders:
                self.notes.append(
                    f"{name}: left out {_counted(folders, 'folder')} below; --recursive takes them"
                )
            return [FoundImage(image, path) for image in images]
        if not may_be_pattern or os.path.lexists(path) or not glob.has_magic(name):
            # A missing file is reported when its turn comes, and the others are done.
            return [FoundImage(path)]
        return [FoundImage(image) for image in self._images(name, self._globbed(name))]

    def _files_of(self, folder: Path, *, below: bool | None = None) -> list[Path]:
        below = self._recursive if below is None else below
        try:
            return list(files_of(folder, recursive=below, on_error=self._remember))
        except OSError as error:
            self._remember(error, folder)
            return []

    def _remember(self, error: OSError, folder: Path | None = None) -> None:
        self.unreadable.append((folder or Path(error.filename), error.strerror or str(error)))

    def _images(self, name: str, files: Sequence[Path]) -> list[Path]:
        """Images and films by their names, sorted; the others are counted by suffix."""
        files = [file for file in files if not is_temporary(file)]  # of another process
        films = [file for file in files if is_film_name(file)]
        images = [file for file in files if is_image_name(file)]
        if films and not self._takes_films:
            self.notes.append(
                f"{name}: left out {_counted(len(films), 'film')}; pip install 'srcore[video]' "
                "takes them too"
            )
        known = {*films, *images}
        others = Counter(
            file.suffix.lower() or "without suffix"
            for file in files
            if file not in known and not file.name.startswith(".")
        )
        if others:
            kinds = ", ".join(f"{count} {suffix}" for suffix, count in sorted(others.items()))
            total = _counted(sum(others.values()), "file")
            self.notes.append(f"{name}: left out {total}, not images by name: {kinds}")
        taken = [*images, *films] if self._takes_films else images
        return sorted(taken, key=lambda file: natural_key(file.as_posix()))

    def _globbed(self, pattern: str) -> list[Path]:
        if "**" not in Path(pattern).parts:
            return [Path(match) for match in glob.glob(pattern) if not os.path.isdir(match)]
        # glob would follow links in circles.
        parts = Path(pattern).parts
        start = parts.index("**")
        base = os.path.join(*parts[:start]) if start else ""
        folders = [Path(folder) for folder in (glob.glob(base) if base else ["."])]
        return [
            file
            for folder in folders
            if folder.is_dir()
            for file in self._files_of(folder, below=True)
            if _matches_pattern(file.relative_to(folder).parts, parts[start:])
        ]


def _matches_pattern(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether a path has the form of a pattern in which ``**`` stands for any visible folders."""
    if not pattern:
        return not parts
    if pattern[0] == "**":
        if any(part.startswith(".") for part in parts):
            return False
        return any(
            _matches_pattern(parts[skipped:], pattern[1:]) for skipped in range(len(parts) + 1)
        )
    return (
        bool(parts)
        and fnmatch.fnmatch(parts[0], pattern[0])
        and _matches_pattern(parts[1:], pattern[1:])
    )


def _folders_in(folder: Path) -> list[Path]:
    try:
        entries = list(folder.iterdir())
    except OSError:  # said already
        return []
    return [entry for entry in entries if os.path.isdir(entry) and entry.name[0] != "."]


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
