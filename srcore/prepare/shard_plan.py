"""Which image goes into which shard: decided before anything is written, and kept beside them.

So a job that was killed knows which shards it has written, and a set of shards which it consists
of.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import attrs

from srcore.errors import DataError
from srcore.images import list_images, pair_by_name
from srcore.messages import some
from srcore.prepare.refusing import refuse_collisions
from srcore.shards.packing import Sample


@attrs.frozen
class ShardPlan:
    """Samples of every shard.

    Attributes:
        shards: name of each file, and its samples.
        identity: a hash of all names, sizes and times of files, and of where shards end.
    """

    shards: tuple[tuple[str, tuple[Sample, ...]], ...]
    identity: str


def samples_of(
    source: Path, lr: Path | None, lr_name: str, *, recursive: bool
) -> tuple[list[Path], list[Sample]]:
    """Files of a folder, those of ``lr`` too, and the samples that they make.

    Raises:
        DataError: no images, images without partner or of one name, names that hold dots.
    """
    paths = list_images(source, recursive=recursive)
    keys = [path.relative_to(source).with_suffix("") for path in paths]
    refuse_collisions(paths, keys)
    dotted = [path.name for path, key in zip(paths, keys, strict=True) if "." in key.name]
    if dotted:
        raise DataError(
            f"{source}: in shards a name ends at its first dot; rename {len(dotted)} images with "
            f"more of them: {some(dotted)}"
        )
    if lr is None:
        files: list[tuple[tuple[str, Path], ...]] = [(("", path),) for path in paths]
    else:
        pairs = pair_by_name(paths, source, lr, lr_name)
        files = [(("hr", one), ("lr", other)) for one, other in pairs]
    samples = [Sample(key.as_posix(), it) for key, it in zip(keys, files, strict=True)]
    return [path for sample in samples for _, path in sample.files], samples


def planned(samples: Sequence[Sample], shard_bytes: float) -> ShardPlan:
    """Share samples out: a shard ends before the one that would make it too large.

    Raises:
        DataError: a file that is gone meanwhile.
    """
    digest = hashlib.sha256()
    shards: list[list[Sample]] = [[]]
    filled = 0
    for sample in samples:
        sizes = []
        for name, (_, path) in zip(sample.names(), sample.files, strict=True):
            try:
                state = path.stat()
            except OSError as error:
                raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
            sizes.append(state.st_size)
            digest.update(os.fsencode(f"{name}\0{state.st_size}\0{state.st_mtime_ns}\0"))
        size = sample.size(sizes)
        if shards[-1] and filled + size > shard_bytes:
            shards.append([])
            filled = 0
            digest.update(b"next shard\0")
        shards[-1].append(sample)
        filled += size
    named = tuple((f"shard-{number:06}.tar", tuple(it)) for number, it in enumerate(shards))
    return ShardPlan(named, digest.hexdigest())
