"""Packing a folder of images, or pairs of two, into tar shards."""

from __future__ import annotations

from pathlib import Path

import attrs

from srcore.errors import DataError
from srcore.files.atomic import leftovers, write_bytes
from srcore.files.deleting import delete_known
from srcore.files.occupied import OccupiedError
from srcore.options.declaration import defaults
from srcore.prepare.options import ShardOptions
from srcore.prepare.refusing import refuse_filled, refuse_writing_among
from srcore.prepare.shard_plan import planned, samples_of
from srcore.prepare.working import Report, do_all
from srcore.shards.index_file import SUFFIX, ShardIndex, read_index
from srcore.shards.packing import Sample, write_shard
from srcore.shards.shard_set import SET_FILE, ListedShard, ShardSet, set_in

_DEFAULT = defaults(ShardOptions)
_MEGA = 10**6
_WRITER = "srcore prepare shards"


@attrs.frozen
class _ShardJob:
    shard: Path
    samples: tuple[Sample, ...]

    def __call__(self) -> Report:
        images = sum(len(sample.files) for sample in self.samples)
        index = _index_if_whole(self.shard)
        if index is not None:
            lost = images - index.facts.images
            line = f"{self.shard}: was written without {lost} images that could not be read"
            report = Report(images=index.facts.images, written=1)
            report.failed += [line] if lost else []
            return report
        failed = write_shard(self.shard, self.samples)
        index = _index_if_whole(self.shard)
        kept = index.facts.images if index is not None else 0
        return Report(images=kept, written=1, failed=failed)


def prepare_shards(
    source: Path,
    output: Path,
    *,
    lr: Path | None = None,
    lr_name: str = _DEFAULT.lr_name,
    shard_size: float = _DEFAULT.shard_size,
    recursive: bool = False,
    workers: int = 1,
    overwrite: bool = False,
) -> Report:
    """Pack image files, as they are, into shards that the source ``tar`` reads.

    A job that was stopped goes on when it is called again: shards that are whole stay. A sample of
    which an image cannot be read is reported and left out.

    Args:
        source: folder of images.
        output: folder of the shards, with an index of each and ``shards.json``.
        lr: folder of partners; samples then hold ``NAME.hr.*`` and ``NAME.lr.*``.
        lr_name: name of a partner without suffix, ``{}`` being the stem: ``{}x4``.
        shard_size: a shard is not larger, MB, unless a sample is.
        recursive: also take images of folders below; names then hold the folders.
        workers: processes.
        overwrite: replace shards that another job has written.

    Raises:
        OccupiedError: the output holds other files.
        ReplacedInputError: an output folder that images are read from.
        DataError: no images, images without partner or of one name, a full disk.
    """
    paths, samples = samples_of(source, lr, lr_name, recursive=recursive)
    for folder in filter(None, (source, lr)):
        refuse_writing_among(folder, paths, [output / SET_FILE], recursive=recursive)
    plan = planned(samples, shard_size * _MEGA)
    before = set_in(output)
    if overwrite or before is None or before.plan != plan.identity:
        _make_room(output, is_ours=before is not None, overwrite=overwrite)
        write_bytes(output / SET_FILE, ShardSet(plan.identity).content())
    jobs = [_ShardJob(output / name, members) for name, members in plan.shards]
    report = do_all(jobs, workers, "shards", "shard")
    indexes = [(job.shard.name, _index_if_whole(job.shard)) for job in jobs]
    listed = tuple(
        ListedShard(name, index.facts.images, index.facts.bytes, index.facts.sha256 or "")
        for name, index in indexes
        if index is not None
    )
    write_bytes(output / SET_FILE, ShardSet(plan.identity, listed).content())
    return report


def _make_room(output: Path, *, is_ours: bool, overwrite: bool) -> None:
    for file in leftovers(output):  # of a job that was killed before anything else was there
        file.unlink(missing_ok=True)
    refuse_filled(output, overwrite=overwrite)
    if not output.exists():
        return
    if any(output.iterdir()) and not is_ours:
        raise OccupiedError(
            f"{output}: nothing was deleted, it holds no shards of {_WRITER}; choose another name"
        )
    patterns = (SET_FILE, "shard-*.tar", f"shard-*{SUFFIX}")
    delete_known(output, patterns, writer=_WRITER, last=SET_FILE)


def _index_if_whole(shard: Path) -> ShardIndex | None:
    """The index of a shard that was written whole; None if the shard or its index is not there."""
    index = read_index(shard.with_suffix(SUFFIX))
    try:
        state = shard.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DataError(f"{shard}: cannot be read: {error.strerror or error}") from error
    if index is None or not index.facts.crc:
        return None
    fits = (index.facts.bytes, index.facts.time) == (state.st_size, state.st_mtime_ns)
    return index if fits else None
