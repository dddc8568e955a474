"""Source ``tar``: images of tar shards, read at their places (layout of WebDataset)."""

from __future__ import annotations

import bisect
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from srcore.errors import DataError
from srcore.images import ImageHeader, folders_of
from srcore.messages import shown, some
from srcore.options.declaration import defaults
from srcore.shards.local_order import local_order
from srcore.shards.remote_reading import shards_at
from srcore.shards.remote_shards import RemoteShards
from srcore.shards.storage import LocalShards, ShardStorage
from srcore.sources.options import TarSourceOptions
from srcore.sources.source import EncodedSource, ImageSource

if TYPE_CHECKING:
    from srcore.images import Folders

_DEFAULT = defaults(TarSourceOptions)


class TarSource(EncodedSource):
    """Images of one field of all shards, in the order of the shards.

    Args:
        shards: where they lie.
        field: of the images, empty for ``0001.png``.
        window: shards that :meth:`order` shuffles together.

    Raises:
        DataError: a shard that cannot be read, no image of the field, a key that two shards have.
    """

    def __init__(
        self, shards: ShardStorage, field: str = _DEFAULT.field, window: int = _DEFAULT.window
    ) -> None:
        self._shards = shards
        self._field = field.lower()
        self._window = window
        self._indexes = shards.indexes()
        self._parts = [index.field(self._field) for index in self._indexes]
        self._counts = [part.stop - part.start for part in self._parts]
        self._ends = list(accumulate(self._counts))
        if not len(self):
            self._refuse_field()
        self._refuse_doubled()

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def name(self, index: int) -> str:
        """The key: the member's name up to its first dot, with folders."""
        shard, number = self._place(index)
        return self._indexes[shard].key(number)

    def where(self, index: int) -> str:
        """Shard and key."""
        shard, number = self._place(index)
        key = self._indexes[shard].key(number)
        return f"{self._shards.names[shard]}: {key}{'.' if self._field else ''}{self._field}"

    def content(self, index: int) -> bytes:
        """Content of the image file."""
        shard, number = self._place(index)
        return self._shards.read(shard, *self._indexes[shard].place(number))

    def header(self, index: int) -> ImageHeader:
        """Size and depth, by the shard's index."""
        shard, number = self._place(index)
        header = self._indexes[shard].header(number)
        return super().header(index) if header is None else header

    def order(self, epoch: int, generator: np.random.Generator) -> NDArray[np.int64]:
        """Every image once ``(N,)``; neighbors are in few shards."""
        return local_order(self._counts, self._window, generator)

    def sizes(self) -> NDArray[np.uint32]:
        """Heights and widths ``(N, 2)``, pixels, by the indexes; zeros: it cannot be read."""
        columns = [np.concatenate(self._column(name)) for name in ("height", "width")]
        sizes: NDArray[np.uint32] = np.stack(columns, -1)
        return sizes

    def is_named_as(self, other: TarSource) -> bool:
        """Whether the images of another source have the same names in the same order."""
        if self._counts == other._counts:
            pairs = zip(self._column("key"), other._column("key"), strict=True)
            return all(np.array_equal(one, another) for one, another in pairs)
        if len(self) != len(other):
            return False
        ours, others = (np.concatenate(source._column("key")) for source in (self, other))
        return bool(np.array_equal(ours, others))

    def _place(self, index: int) -> tuple[int, int]:
        """Number of the shard, and of the image in its index."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        shard = bisect.bisect_right(self._ends, index)
        return shard, self._parts[shard].stop - self._ends[shard] + index

    def _column(self, name: str) -> list[NDArray[np.generic]]:
        pairs = zip(self._indexes, self._parts, strict=True)
        return [index.column(name, part) for index, part in pairs]

    def _refuse_field(self) -> None:
        fields = dict.fromkeys(name for index in self._indexes for name in index.facts.fields)
        kinds = some(f"NAME{'.' if name else ''}{name}.*" for name in fields) or "no images"
        wanted = f"NAME{'.' if self._field else ''}{self._field}.*"
        place = self._shards.names[0].rpartition("/")[0]
        raise DataError(
            f"{place}: expected images {wanted} in the shards (field = {shown(self._field)}), "
            f"found {kinds}"
        )

    def _refuse_doubled(self) -> None:
        """By hashes: names of a hundred million images would not fit into memory."""
        hashes = np.concatenate(self._column("hash"))
        hashes.sort()
        suspect = set(hashes[1:][hashes[1:] == hashes[:-1]].tolist())
        if not suspect:
            return
        first: dict[str, str] = {}
        for shard, index, part in zip(self._shards.names, self._indexes, self._parts, strict=True):
            for number in np.flatnonzero(np.isin(index.column("hash", part), list(suspect))):
                key = index.key(part.start + int(number))
                if key in first:
                    raise DataError(f"{shard}: {shown(key)} is also in {first[key]}; name one")
                first[key] = shard


def tar_source(
    *,
    path: Folders | None = _DEFAULT.path,
    url: str | tuple[str, ...] | None = _DEFAULT.url,
    field: str = _DEFAULT.field,
    window: int = _DEFAULT.window,
    cache_folder: Path | None = _DEFAULT.cache_folder,
    cache_size: float = _DEFAULT.cache_size,
) -> ImageSource:
    """Source ``tar``: see :class:`srcore.sources.options.TarSourceOptions`.

    >>> import pathlib, tarfile, tempfile, srcore.testing
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = srcore.testing.write_tiny_images(folder / "hr", 2)
    >>> (folder / "shards").mkdir()
    >>> with tarfile.open(folder / "shards/0.tar", "w") as shard:
    ...     shard.add(folder / "hr", "")
    >>> source = tar_source(path=folder / "shards")
    >>> len(source), source.name(0), source.read(0).shape
    (2, '00', (48, 48, 3))
    """
    shards: ShardStorage
    if url is not None:
        urls = (url,) if isinstance(url, str) else url
        remote = [shard for one in urls for shard in shards_at(one)]
        shards = RemoteShards(remote, cache_folder, cache_size)
    else:
        shards = LocalShards.of_folders(folders_of(path or ()))
    return TarSource(shards, field, window)
