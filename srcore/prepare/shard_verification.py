"""Looking for damage in shards: sums, places, and every image decoded."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

import attrs

from srcore.errors import DataError, line_about
from srcore.files.hashing import sha256_of
from srcore.images import verify_content
from srcore.prepare.working import Report, do_all
from srcore.shards.index_file import SUFFIX, ShardIndex, read_index
from srcore.shards.indexing import shards_in
from srcore.shards.members import ShardImage, members_of
from srcore.shards.place_reading import PlaceReader
from srcore.shards.shard_set import set_in


@attrs.frozen
class _VerifyJob:
    shard: Path

    def __call__(self) -> Report:
        try:
            images = list(members_of(self.shard))
            index = read_index(self.shard.with_suffix(SUFFIX))
            failed: list[str] = []
            reader = PlaceReader()
            sums = {} if index is None else _crc_by_offset(index)
            for image in images:
                content = reader.read(self.shard, image.offset, image.size)
                failed += _faults_of(content, image, f"{self.shard}: {_name(image)}", sums)
            if index is not None:
                failed += _misfits(self.shard, index, images, is_damaged=bool(failed))
        except (DataError, OSError) as error:
            return Report(failed=[line_about(self.shard, error)])
        return Report(images=len(images), failed=failed)


def verify_shards(folder: Path, *, workers: int = 1) -> Report:
    """Read every shard of a folder to its end and decode every image.

    Sums are compared where they are known: those of ``srcore prepare shards``. Nothing is written.

    Returns:
        ``images`` that there are, and a line in ``failed`` for everything that is wrong.

    Raises:
        DataError: no folder of shards.
    """
    shards = shards_in(folder)
    report = do_all([_VerifyJob(shard) for shard in shards], workers, "shards", "shard")
    report.failed += _lost_shards(folder, {shard.name for shard in shards})
    return report


def _faults_of(
    content: bytes, image: ShardImage, where: str, sums: dict[int, int]
) -> Iterator[str]:
    crc = sums.get(image.offset)
    if crc is not None and zlib.crc32(content) != crc:
        yield f"{where}: is not what was packed (CRC-32); copy or download the shard again"
        return
    try:
        verify_content(content, where)
    except Exception as error:  # whatever it is, the other images are looked at
        yield line_about(Path(where), error)


def _misfits(
    shard: Path, index: ShardIndex, images: list[ShardImage], *, is_damaged: bool
) -> Iterator[str]:
    """What an index says else than its shard."""
    told = {
        (int(offset), int(size), bytes(key).decode("utf-8", "surrogateescape"))
        for offset, size, key in zip(*map(index.column, ("offset", "size", "key")), strict=True)
    }
    if told != {(image.offset, image.size, image.key) for image in images}:
        yield f"{index.path}: tells other images than the shard holds; delete it, it is made anew"
        return
    sha256 = None if is_damaged else index.facts.sha256
    if sha256 is not None and sha256_of(shard) != sha256:
        yield f"{shard}: is not what was packed (SHA-256); copy or download it again"


def _lost_shards(folder: Path, there: set[str]) -> Iterator[str]:
    told = set_in(folder)
    if told is None:
        return
    if not told.shards:
        yield f"{folder}: srcore prepare shards has not ended here; give the same command again"
    for shard in told.shards:
        if shard.name not in there:
            yield f"{folder / shard.name}: no such file; copy or download it again"


def _crc_by_offset(index: ShardIndex) -> dict[int, int]:
    if not index.facts.crc:
        return {}
    return dict(zip(index.column("offset").tolist(), index.column("crc").tolist(), strict=True))


def _name(image: ShardImage) -> str:
    return f"{image.key}{'.' if image.field else ''}{image.field}"
