"""Which images the addresses that were named lead to, and what of them is left out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from srcore.errors import DataError, line_about
from srcore.films.names import is_film_name
from srcore.images import is_image_name
from srcore.options.declaration import defaults
from srcore.shards.remote_files import (
    ListedFile,
    files_below,
    is_remote_folder,
    matching_files,
)
from srcore.shards.remote_reading import (
    RemoteShard,
    file_system,
    numbered_addresses,
    remote_shard,
    shard_of_details,
    shards_of_set,
)
from srcore.shards.remote_shards import RemoteShards
from srcore.shards.shard_set import SET_FILE
from srcore.sources.options import TarSourceOptions
from srcore.upscaling.background import in_background
from srcore.upscaling.inputs import InputImage
from srcore.upscaling.kinds import SHARD_SUFFIX, by_kind, counted
from srcore.upscaling.remote_file import RemoteFile, path_of_address
from srcore.upscaling.shard_members import ShardMember, members_of_shard

#: Images with the folders, or shards, that they were found through.
_Found = list[tuple[InputImage, PurePath | None]]
_FILMS = "films are read from files of this machine; copy them first"


class AddressSearch:
    """Looks for images behind addresses.

    Args:
        recursive: also take images in folders below.
        notes: gets a line for every address of which something is left out.
        unreadable: gets what could not be looked into, and why.
    """

    def __init__(
        self, recursive: bool, notes: list[str], unreadable: list[tuple[InputImage, str]]
    ) -> None:
        self._recursive = recursive
        self._notes = notes
        self._unreadable = unreadable

    def find(self, url: str, *, may_be_pattern: bool) -> _Found:
        """Images that an address names.

        Args:
            url: of an image, a shard, several as ``{000..123}.tar``, or a folder of either.
            may_be_pattern: whether ``*``, ``**``, ``[...]`` stand for names, and, but for web
                servers, ``?``.

        Raises:
            MissingExtraError: no package for such addresses is installed.
        """
        try:
            return self._found(url, may_be_pattern)
        except DataError as error:
            self._fail(url.rstrip("/"), error)
            return []

    def _found(self, url: str, may_be_pattern: bool) -> _Found:
        file_system(url)  # or every single one would say what is not installed
        path = path_of_address(url)
        if may_be_pattern and _is_pattern(url):
            return self._sorted(url, matching_files(url), None)
        if path.suffix == SHARD_SUFFIX:
            return self._members(numbered_addresses(url))
        if is_film_name(path):
            raise DataError(f"{url}: {_FILMS}")
        if path.name == SET_FILE:
            return self._in_folder(url.removesuffix(f"/{SET_FILE}"))
        if is_image_name(path) or not is_remote_folder(url):
            # One that is missing is reported when its turn comes, and the others are done.
            return [(RemoteFile(url), None)]
        return self._in_folder(url.rstrip("/"))

    def _in_folder(self, folder: str) -> _Found:
        shards = shards_of_set(folder)
        if shards is not None:
            return self._members(shards)
        files, folders = files_below(folder, recursive=self._recursive)
        if folders and not self._recursive:
            self._notes.append(
                f"{folder}: left out {counted(folders, 'folder')} below; --recursive takes them"
            )
        return self._sorted(folder, files, path_of_address(folder))

    def _sorted(self, url: str, files: Sequence[ListedFile], root: PurePath | None) -> _Found:
        """Images, and what is in shards; others are counted by suffix."""

        def path_of(file: ListedFile) -> PurePath:
            return path_of_address(file.url) if root is None else root / file.name

        kinds = by_kind(files, path_of)
        if kinds.films:
            films = counted(len(kinds.films), "film")
            self._notes.append(f"{url}: left out {films}: {_FILMS}")
        self._notes += kinds.left_out(url)
        images: _Found = [(RemoteFile(it.url, path_of(it), it.size), root) for it in kinds.images]
        return images + self._members([_as_shard(it) for it in kinds.shards])

    def _members(self, shards: Sequence[str | RemoteShard]) -> _Found:
        """Images of shards, below each of them."""
        members: list[ShardMember] = []
        opened = in_background(_opened_members, shards)
        for shard, answer in zip(shards, opened, strict=True):
            try:
                members += answer.result()
            except DataError as error:
                self._fail(shard if isinstance(shard, str) else shard.url, error)
        return [(member, member.place) for member in members]

    def _fail(self, url: str, error: DataError) -> None:
        self._unreadable.append((RemoteFile(url), line_about(url, error)))


def _is_pattern(url: str) -> bool:
    signs = "*[" if url.startswith(("http://", "https://")) else "*[?"
    return any(sign in url for sign in signs)


def _as_shard(file: ListedFile) -> str | RemoteShard:
    """With size and tag, if they were told."""
    return file.url if file.size is None else shard_of_details(file.url, file.details)


def _opened_members(shard: str | RemoteShard) -> list[ShardMember]:
    remote = remote_shard(shard) if isinstance(shard, str) else shard
    shards = RemoteShards([remote], None, defaults(TarSourceOptions).cache_size)
    return members_of_shard(shards, 0, path_of_address(remote.url).with_suffix(""))
