"""Which files an upscaling job was asked for, and what of them it leaves out."""

from __future__ import annotations

import fnmatch
import glob
import os
from collections.abc import Sequence
from pathlib import Path, PurePath

import attrs

from srcore.errors import SrcoreError
from srcore.files.atomic import is_temporary
from srcore.files.names import is_url
from srcore.images import FolderSet, files_of, natural_key
from srcore.shards.shard_set import SET_FILE
from srcore.upscaling.inputs import InputImage, LocalFile
from srcore.upscaling.kinds import SHARD_SUFFIX, by_kind, counted


class JobError(SrcoreError):
    """A job that cannot start as it was asked for."""

    exit_code = 2


@attrs.frozen
class FoundImage:
    """An input and the folder, or shard, that it was found through (None: named itself)."""

    source: InputImage
    root: PurePath | None = None

    @property
    def below(self) -> PurePath:
        """Its folder relative to the one that was named."""
        path = self.source.path
        return path.relative_to(self.root).parent if self.root is not None else PurePath()


class Search:
    """Looks for inputs and remembers what it passed by.

    Args:
        recursive: also take images and films in folders below.
        output: a folder whose files are results and no inputs, unless they are named themselves.
        takes_films: whether folders and patterns are searched for films too.

    Attributes:
        notes: one line for every folder or pattern of which something is left out.
        unreadable: folders, shards and addresses that could not be looked into, and a line each
            that says why.
    """

    def __init__(self, recursive: bool, output: Path | None, *, takes_films: bool) -> None:
        self.notes: list[str] = []
        self.unreadable: list[tuple[InputImage, str]] = []
        self._recursive = recursive
        self._output = output
        self._takes_films = takes_films

    def find(self, inputs: Sequence[str], listed: Sequence[str] = ()) -> list[FoundImage]:
        """What the inputs name, each once, what a folder has in natural order.

        Args:
            inputs: files, folders, shards, addresses and patterns.
            listed: those whose names are no patterns.

        Raises:
            JobError: shards or addresses, and no output.
            MissingExtraError: addresses, and no package for them.
        """
        files: dict[str, FoundImage] = {}
        given = [(name, True) for name in inputs] + [(name, False) for name in listed]
        for name, may_be_pattern in given:
            for entry in self._matches(name, may_be_pattern):
                files.setdefault(entry.source.identity, entry)
        return list(files.values())

    def _matches(self, name: str, may_be_pattern: bool) -> list[FoundImage]:
        if is_url(name):
            return self._behind_address(name, may_be_pattern)
        path = Path(name)
        if os.path.isdir(path):
            made = FolderSet([self._output] if self._output else [])
            if made.holds(path):
                made = FolderSet([])
            files = [file for file in self._files_of(path) if not made.holds_folder_of(file)]
            images = self._images(name, files, path)
            below = [] if self._recursive else _folders_in(path)
            folders = len([folder for folder in below if not made.holds(folder)])
            if folders:
                self.notes.append(
                    f"{name}: left out {counted(folders, 'folder')} below; --recursive takes them"
                )
            return images
        if not may_be_pattern or os.path.lexists(path) or not glob.has_magic(name):
            if path.name == SET_FILE and path.is_file():
                shards = by_kind(list(path.parent.glob(f"*{SHARD_SUFFIX}")), lambda file: file)
                return self._members(name, shards.shards, of_folders=True)
            if path.suffix == SHARD_SUFFIX and path.exists():
                return self._members(name, [path])
            # A missing file is reported when its turn comes, and the others are done.
            return [FoundImage(LocalFile(path))]
        return self._images(name, self._globbed(name))

    def _behind_address(self, url: str, may_be_pattern: bool) -> list[FoundImage]:
        from srcore.upscaling.addresses import AddressSearch

        self._refuse_without_output(url)
        search = AddressSearch(self._recursive, self.notes, self.unreadable)
        return [FoundImage(*it) for it in search.find(url, may_be_pattern=may_be_pattern)]

    def _members(
        self, name: str, shards: Sequence[Path], *, of_folders: bool = False
    ) -> list[FoundImage]:
        """Images of shards, below each of them."""
        from srcore.upscaling.shard_members import members_of_files, unfinished_sets

        if not shards:
            return []
        self._refuse_without_output(name)
        if of_folders:
            self.unreadable += unfinished_sets(shards)
        members = members_of_files(shards, self.unreadable)
        return [FoundImage(member, member.place) for member in members]

    def _refuse_without_output(self, name: str) -> None:
        if self._output is None:
            raise JobError(
                f"{name}: results of shards and addresses need a folder; name it, such as "
                "--output enlarged/"
            )

    def _files_of(self, folder: Path, *, below: bool | None = None) -> list[Path]:
        below = self._recursive if below is None else below
        try:
            return list(files_of(folder, recursive=below, on_error=self._remember))
        except OSError as error:
            self._remember(error, folder)
            return []

    def _remember(self, error: OSError, folder: Path | None = None) -> None:
        folder = folder or Path(error.filename)
        line = f"{folder}: cannot be read: {error.strerror or error}"
        self.unreadable.append((LocalFile(folder), line))

    def _images(
        self, name: str, files: Sequence[Path], root: Path | None = None
    ) -> list[FoundImage]:
        """Images, films and what is in shards; others are counted by suffix."""
        # Those that another process is writing are none.
        kinds = by_kind([file for file in files if not is_temporary(file)], lambda file: file)
        if kinds.films and not self._takes_films:
            self.notes.append(
                f"{name}: left out {counted(len(kinds.films), 'film')}; pip install "
                "'srcore[video]' takes them too"
            )
        self.notes += kinds.left_out(name)
        taken = kinds.images
        if kinds.films and self._takes_films:
            taken = sorted([*taken, *kinds.films], key=lambda file: natural_key(file.as_posix()))
        images = [FoundImage(LocalFile(file), root) for file in taken]
        return images + self._members(name, kinds.shards, of_folders=root is not None)

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
