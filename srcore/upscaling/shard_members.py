"""Images of tar shards as inputs."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath
from typing import BinaryIO, cast

import attrs
import numpy as np
from tqdm import tqdm

from srcore.errors import DataError, line_about
from srcore.files.names import leads_out
from srcore.images import ImageHeader
from srcore.messages import shown
from srcore.shards.index_file import ShardIndex
from srcore.shards.indexing import PATIENCE
from srcore.shards.part_stream import PartStream
from srcore.shards.remote_shards import RemoteShards
from srcore.shards.shard_set import refuse_unfinished, set_in
from srcore.shards.storage import LocalShards
from srcore.upscaling.inputs import InputImage, LocalFile

#: Bytes of images that are read at once.
_SMALL = 1 << 21

AnyShards = LocalShards | RemoteShards


@attrs.frozen
class ShardMember(InputImage):
    """An image of a shard.

    Attributes:
        shards: where the shard lies.
        shard: its number there.
        index: what it holds.
        number: of the image in the index.
        place: of the shard, as a folder of its images: its path without the suffix.
    """

    shards: AnyShards = attrs.field(eq=False)
    shard: int
    index: ShardIndex = attrs.field(eq=False)
    number: int
    place: PurePath

    @property
    def path(self) -> PurePath:
        """Its name below that of the shard."""
        return self.place / self.index.name(self.number)

    @property
    def file(self) -> Path | None:
        """The shard, if it lies on this machine."""
        return self.shards.paths[self.shard] if isinstance(self.shards, LocalShards) else None

    @property
    def identity(self) -> str:
        """The shard, and the number in it."""
        shard = self.shards.names[self.shard]
        return f"{shard if self.file is None else os.path.abspath(shard)}:{self.number}"

    @contextlib.contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """Its part of the shard."""
        start, size = self.index.place(self.number)
        if size <= _SMALL:
            yield io.BytesIO(self.shards.read(self.shard, start, size))
            return

        def read(offset: int, count: int) -> bytes:
            return self.shards.read(self.shard, start + offset, count)

        with io.BufferedReader(PartStream(read, size)) as stream:
            yield cast("BinaryIO", stream)

    def header(self) -> ImageHeader:
        """What the index says."""
        return self.index.header(self.number) or InputImage.header(self)

    def __str__(self) -> str:
        return f"{self.shards.names[self.shard]}:{self.index.name(self.number)}"


def members_of_shard(shards: AnyShards, shard: int, place: PurePath) -> list[ShardMember]:
    """All images of a shard in its order.

    Args:
        shards: where it lies.
        shard: its number there.
        place: see :class:`ShardMember`.

    Raises:
        DataError: it cannot be read, or has names that lead out of a folder.
    """
    index = shards.index(shard)
    order = np.argsort(index.column("offset"), kind="stable").tolist()
    for number in order:  # an index may be that of a stranger
        if leads_out(index.name(number)):
            raise DataError(
                f"{shards.names[shard]}: expected names below the shard, found "
                f"{shown(index.name(number))}"
            )
    return [ShardMember(shards, shard, index, number, place) for number in order]


def members_of_files(
    paths: Sequence[Path], unreadable: list[tuple[InputImage, str]]
) -> list[ShardMember]:
    """All images of shards of this machine.

    Args:
        paths: the shards.
        unreadable: gets those that cannot be read, and why.
    """
    shards = LocalShards(paths)
    bar = tqdm(paths, desc="indexing shards", unit="shard", delay=PATIENCE, leave=False)
    members: list[ShardMember] = []
    for number, path in enumerate(bar):
        try:
            members += members_of_shard(shards, number, path.with_suffix(""))
        except DataError as error:
            unreadable.append((LocalFile(path), line_about(path, error)))
    return members


def unfinished_sets(paths: Sequence[Path]) -> list[tuple[InputImage, str]]:
    """Folders that lack shards of the sets that they tell of, and a line each that says so.

    Args:
        paths: all shards of some folders.
    """
    told: list[tuple[InputImage, str]] = []
    for folder in dict.fromkeys(path.parent for path in paths):
        there = {path.name for path in paths if path.parent == folder}
        try:
            refuse_unfinished(set_in(folder), folder, there)
        except DataError as error:
            told.append((LocalFile(folder), str(error)))
    return told
