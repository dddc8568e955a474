"""Shards behind addresses: read in blocks that are kept on this machine for a while."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from tqdm import tqdm

from srcore.files.atomic import write_bytes
from srcore.files.user_cache import user_cache
from srcore.shards.block_cache import BlockCache
from srcore.shards.index_file import SUFFIX, ShardIndex, index_content, read_index
from srcore.shards.indexing import PATIENCE
from srcore.shards.members import members_in
from srcore.shards.remote_reading import RemoteShard, fetched, fetched_if_there

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

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
        """The index of every shard: kept here, or fetched, or made by reading the shard once.

        Raises:
            DataError: a shard or the folder cannot be read.
        """
        with ThreadPoolExecutor(_THREADS) as pool:
            indexes = pool.map(self._index, range(len(self.shards)))
            bar = tqdm(indexes, "indexes", len(self.shards), delay=PATIENCE, leave=False)
            return list(bar)

    def read(self, shard: int, offset: int, size: int) -> bytes:
        """``size`` bytes of a shard from ``offset`` on."""
        remote = self.shards[shard]
        return self._cache.read(
            _block_name(remote), offset, size, lambda *span: fetched(remote, *span), remote.size
        )

    def _index(self, number: int) -> ShardIndex:
        shard = self.shards[number]
        place = self._folder / "indexes" / f"{_block_name(shard)}{SUFFIX}"
        index = _kept_index(place, shard)
        if index is not None:
            return index
        content = fetched_if_there(shard.url.removesuffix(".tar") + SUFFIX)
        if content is not None:
            write_bytes(place, content, durable=False)
            index = _kept_index(place, shard)
        if index is None:
            stream = cast("BinaryIO", _RemoteStream(self, number))
            images = list(members_in(stream, shard.url, shard.size))
            content = index_content(images, size=shard.size, time=0, crc=False)
            write_bytes(place, content, durable=False)
            index = _kept_index(place, shard)
        if index is None:
            raise AssertionError(place)  # pragma: no cover - it was just written
        return index


class _RemoteStream(io.RawIOBase):
    """A shard as a file."""

    def __init__(self, shards: RemoteShards, number: int) -> None:
        self._shards = shards
        self._number = number
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        starts = (0, self._place, self._shards.shards[self._number].size)
        self._place = max(0, starts[whence] + offset)
        return self._place

    def tell(self) -> int:
        return self._place

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        rest = self._shards.shards[self._number].size - self._place
        count = max(0, min(len(view), rest))
        view[:count] = self._shards.read(self._number, self._place, count)
        self._place += count
        return count


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
