"""Where shards lie: what a source asks of them, and those of folders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from srcore.shards.index_file import ShardIndex
from srcore.shards.indexing import index_of, indexes_of, shards_in
from srcore.shards.place_reading import PlaceReader
from srcore.shards.shard_set import refuse_unfinished, set_in


class ShardStorage(Protocol):
    """Shards by number; processes can take it along.

    Attributes:
        names: of the shards, as errors tell them.
    """

    names: list[str]

    def indexes(self) -> list[ShardIndex]:
        """The index of every shard, made where it is missing.

        Raises:
            DataError: a shard that cannot be read.
        """
        ...

    def read(self, shard: int, offset: int, size: int) -> bytes:
        """``size`` bytes of a shard from ``offset`` on.

        Raises:
            DataError: they cannot be read.
        """
        ...


class LocalShards:
    """Files of this machine, or of what it has mounted.

    Args:
        paths: the files, in the order of their numbers.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = list(paths)
        self.names = [str(path) for path in paths]
        self._reader = PlaceReader()

    @classmethod
    def of_folders(cls, folders: Sequence[Path]) -> LocalShards:
        """All shards of folders.

        Raises:
            DataError: a folder without shards, or with some of a set only.
        """
        paths = []
        for folder in folders:
            shards = shards_in(folder)
            refuse_unfinished(set_in(folder), folder, {shard.name for shard in shards})
            paths += shards
        return cls(paths)

    def indexes(self) -> list[ShardIndex]:
        """The index of every shard, made where it is missing."""
        return indexes_of(self.paths)

    def index(self, shard: int) -> ShardIndex:
        """The index of one of them, made if it is missing.

        Raises:
            DataError: the shard cannot be read.
        """
        return index_of(self.paths[shard])

    def read(self, shard: int, offset: int, size: int) -> bytes:
        """``size`` bytes of a shard from ``offset`` on."""
        return self._reader.read(self.paths[shard], offset, size)
