"""Shards behind addresses: read in blocks that are kept on this machine for a while."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from tqdm import tqdm

from srcore.files.atomic import write_bytes
from srcore.files.user_cache import user_cache
from srcore.shards.block_cache import BlockCache
from srcore.shards.index_file import SUFFIX, ShardIndex, index_content, read_index
from srcore.shards.indexing import PATIENCE
from srcore.shards.members import members_in
from srcore.shards.part_stream import PartStream
from srcore.shards.remote_reading import RemoteShard, fetched, fetched_if_there

_GIGA = 10**9
#: Indexes that are asked for at a time: waiting takes longer than reading.
_THREADS = 16


def default_folder_of_blocks() -> Path:
    """``srcore/remote`` in the user's cache folder (``$XDG_CACHE_HOME`` or ``~/.cache``)."""
    return user_cache("remote")


class RemoteShards:
    """Shards behind addresses.

    Args:
        shards: the shards, in the order of their numbers.
        folder: where blocks and indexes are kept; None: :func:`default_folder_of_blocks`.
        limit: size of all blocks together, GB (of 10^9 bytes).
    """

    def __init__(self, shards: Sequence[RemoteShard], folder: Path | None, limit: float) -> None:
        self.shards = list(shards)
        self.names = [shard.url for shard in shards]
        self._folder = folder or default_folder_of_blocks()
        self._cache = BlockCache(self._folder / "blocks", int(limit * _GIGA))

    def indexes(self) -> list[ShardIndex]:
        """The index of every shard; see :meth:`index`.

        Raises:
            DataError: a shard or the folder cannot be read.
        """
        with ThreadPoolExecutor(_THREADS) as pool:
            indexes = pool.map(self.index, range(len(self.shards)))
            bar = tqdm(indexes, "indexes", len(self.shards), delay=PATIENCE, leave=False)
            return list(bar)

    def read(self, shard: int, offset: int, size: int) -> bytes:
        """``size`` bytes of a shard from ``offset`` on."""
        remote = self.shards[shard]
        return self._cache.read(
            _block_name(remote), offset, size, lambda *span: fetched(remote, *span), remote.size
        )

    def index(self, number: int) -> ShardIndex:
        """The index of a shard: kept here, or fetched, or made by reading the shard once.

        Raises:
            DataError: the shard or the folder cannot be read.
        """
        shard = self.shards[number]
        place = self._folder / "indexes" / f"{_block_name(shard)}{SUFFIX}"
        index = _kept_index(place, shard)
        if index is not None:
            return index
        beside = shard.url.removesuffix(".tar") + SUFFIX
        content = fetched_if_there(beside) if shard.url.endswith(".tar") else None
        if content is not None:
            write_bytes(place, content, durable=False)
            index = _kept_index(place, shard)
        if index is None:
            stream = cast("BinaryIO", PartStream(partial(self.read, number), shard.size))
            images = list(members_in(stream, shard.url, shard.size))
            content = index_content(images, size=shard.size, time=0, crc=False)
            write_bytes(place, content, durable=False)
            index = _kept_index(place, shard)
        if index is None:
            raise AssertionError(place)  # pragma: no cover - it was just written
        return index


def _kept_index(place: Path, shard: RemoteShard) -> ShardIndex | None:
    index = read_index(place)
    if index is None or index.facts.bytes != shard.size:
        return None
    is_other = shard.sha256 and index.facts.sha256 and shard.sha256 != index.facts.sha256
    return None if is_other else index


def _block_name(shard: RemoteShard) -> str:
    """Of its blocks: another content has another."""
    told = f"{shard.url}\0{shard.size}\0{shard.tag}\0{shard.sha256}"
    return hashlib.sha256(told.encode()).hexdigest()[:32]
