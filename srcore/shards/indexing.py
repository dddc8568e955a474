"""Finding the index of a shard, and making it where there is none that fits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import attrs
import numpy as np
from tqdm import tqdm

from srcore.errors import DataError
from srcore.files.atomic import write_bytes
from srcore.files.user_cache import cached_about
from srcore.images import natural_key
from srcore.shards.index_file import (
    SUFFIX,
    ShardIndex,
    index_content,
    may_be_replaced,
    read_index,
)
from srcore.shards.members import ShardImage, members_of

#: Finds the images of a shard.
FindsImages = Callable[[Path], Iterable[ShardImage]]
#: Seconds after which a progress bar is drawn.
PATIENCE = 3


def shards_in(folder: Path) -> list[Path]:
    """Shards of a folder in natural order.

    Raises:
        DataError: no folder, or one without ``*.tar``.
    """
    try:
        files = [file for file in folder.iterdir() if not file.name.startswith(".")]
    except OSError as error:
        why = "no such folder" if isinstance(error, FileNotFoundError) else error.strerror
        raise DataError(f"{folder}: {why or error}; expected a folder of shards, *.tar") from error
    shards = [file for file in files if file.suffix == ".tar"]
    if not shards:
        packed = [file.name for file in files if ".tar." in file.name or file.suffix == ".tgz"]
        text = f"; unpack {packed[0]} with gzip -d or the like" if packed else ""
        raise DataError(
            f"{folder}: no shards; expected uncompressed files *.tar, such as srcore prepare "
            f"shards writes{text}"
        )
    return sorted(shards, key=lambda file: natural_key(file.name))


def indexes_of(shards: Sequence[Path]) -> list[ShardIndex]:
    """Indexes of shards; those that are missing are made, with a progress bar if it takes long.

    Raises:
        DataError: a shard that cannot be read.
    """
    bar = tqdm(shards, desc="indexing shards", unit="shard", delay=PATIENCE, leave=False)
    return [index_of(shard) for shard in bar]


def index_of(
    shard: Path, suffix: str = SUFFIX, images_of_shard: FindsImages | None = None
) -> ShardIndex:
    """The index of a shard that fits its size and time: the one beside it, or in the user's cache.

    Where none fits it is made, and kept beside the shard, or in the cache if that cannot be written
    to. Sums of an index that tells the same images as the new one are kept.

    Args:
        shard: the file.
        suffix: of the index, in place of the shard's.
        images_of_shard: finds the images; None: those of a tar file.

    Raises:
        DataError: the shard cannot be read, or is changed meanwhile.
    """
    state = _size_and_time(shard)
    places = [shard.with_suffix(suffix), cached_about(shard, "shards", suffix)]
    known = [index for index in map(read_index, places) if index is not None]
    for index in known:
        if (index.facts.bytes, index.facts.time) == state:
            return index
    content = _new_content(shard, state, known, images_of_shard or members_of)
    for place in places:
        if not may_be_replaced(place):
            continue
        try:
            write_bytes(place, content, durable=False)
        except DataError:
            if place is places[-1]:
                raise
            continue
        made = read_index(place)
        if made is not None:
            return made
    raise DataError(f"{places[-1]}: is no index of srcore; move it away")


def _new_content(
    shard: Path, state: tuple[int, int], known: Sequence[ShardIndex], images_of_shard: FindsImages
) -> bytes:
    images = list(images_of_shard(shard))
    if _size_and_time(shard) != state:
        raise DataError(f"{shard}: was changed while it was read; begin again when it is whole")
    size, time = state
    for index in known:
        if index.facts.crc and _tells(index, images, size):
            sums = sorted(zip(index.column("offset"), index.column("crc"), strict=True))
            by_place = {int(offset): int(crc) for offset, crc in sums}
            images = [attrs.evolve(image, crc=by_place[image.offset]) for image in images]
            return index_content(images, size=size, time=time, crc=True, sha256=index.facts.sha256)
    return index_content(images, size=size, time=time, crc=False)


def _tells(index: ShardIndex, images: Sequence[ShardImage], size: int) -> bool:
    """Whether an index differs in the shard's time only, as after a copy."""
    if (index.facts.images, index.facts.bytes) != (len(images), size):
        return False
    images = sorted(images, key=lambda image: (image.field, image.offset))
    return (
        [image.key + image.ending for image in images]
        == [index.name(n) for n in range(len(images))]
        and np.array_equal(index.column("offset"), [image.offset for image in images])
        and np.array_equal(index.column("size"), [image.size for image in images])
        and all(image.header == index.header(n) for n, image in enumerate(images))
    )


def _size_and_time(shard: Path) -> tuple[int, int]:
    try:
        state = shard.stat()
    except FileNotFoundError as error:
        raise DataError(f"{shard}: no such file") from error
    except OSError as error:
        raise DataError(f"{shard}: cannot be read: {error.strerror or error}") from error
    return state.st_size, state.st_mtime_ns
