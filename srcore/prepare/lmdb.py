"""Storing a folder of images in an LMDB folder.

It is filled beside its place and renamed, so that half a database is never found there. What was
stored lies in a ledger beside it, by which a job that was stopped goes on.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
from tqdm import tqdm

from srcore.capabilities import RGBA
from srcore.errors import DataError, line_about
from srcore.files.atomic import write_bytes
from srcore.files.deleting import delete_known, refuse_foreign
from srcore.files.occupied import OccupiedError, refuse_existing
from srcore.images import encode_image, list_images, read_image, to_rgb, to_rgba
from srcore.machine.process_pool import ProcessPool
from srcore.prepare.lmdb_store import Stamp, StoredEntry, opened_store, stamp_of
from srcore.prepare.refusing import refuse_collisions, refuse_writing_among
from srcore.prepare.unfinished import job_in_words, refuse_another
from srcore.prepare.working import Report
from srcore.runs.lock import locked
from srcore.sources.lmdb import encoded_key, import_lmdb

_GRAY_ALPHA = 2  # channels

#: What an LMDB folder holds.
_LMDB_FILES = ("data.mdb", "lock.mdb", "meta_info.txt")


#: Files of an unfinished job: its settings, what is stored, the database.
_JOB, _LEDGER, _DATA = "job.json", "ledger", "data"


def prepare_lmdb(
    source: Path,
    output: Path,
    *,
    recursive: bool = False,
    workers: int = 1,
    overwrite: bool = False,
    options: Mapping[str, Any] | None = None,
) -> Report:
    """Store the images of a folder in an LMDB folder, as the dataset ``lmdb`` reads it.

    Keys are names without suffix, values PNG files in RGB, with alpha where the image has it;
    ``meta_info.txt`` lists names and sizes. An image that cannot be read is reported and left out.
    A job that was stopped goes on when it is called again with the same arguments.

    Args:
        source: folder of images.
        output: the folder to make; its name ends in ``.lmdb``.
        recursive: also take images of folders below; keys then hold the folders.
        workers: processes.
        overwrite: replace an LMDB folder of this name.
        options: how the PNG files are written, see :func:`srcore.images.write_image`.

    Raises:
        OccupiedError: the output exists, or an unfinished job of other settings.
        DataError: no images, an output that has another suffix, a full disk.
        MissingExtraError: lmdb is not installed.
        SrcoreError: another process fills the same folder.
    """
    lmdb = import_lmdb()
    if output.suffix != ".lmdb":
        raise DataError(f"{output}: the name of an LMDB folder ends in .lmdb")
    paths = list_images(source, recursive=recursive)
    keys = [path.relative_to(source).with_suffix("") for path in paths]
    refuse_collisions(paths, keys)
    refuse_writing_among(source, paths, [output / "data.mdb"], recursive=recursive)
    is_lmdb = (output / "data.mdb").is_file()
    if output.exists() and not is_lmdb:
        raise OccupiedError(f"{output}: exists and is no LMDB folder; choose another name")
    refuse_existing([output], overwrite=overwrite)
    if output.exists():
        refuse_foreign(output, _LMDB_FILES, "srcore prepare lmdb")
    place = unfinished_place(output)
    job = {"images of": source.absolute(), "written": options or {}}
    try:
        with locked(place, otherwise="choose another output"):
            _take_up(place, job, overwrite=overwrite)
            with ProcessPool(min(workers, len(paths)), options) as pool:
                report = _fill_lmdb(lmdb, place, paths, [key.as_posix() for key in keys], pool)
            if output.exists():
                delete_known(output, _LMDB_FILES, writer="srcore prepare lmdb", last="data.mdb")
            (place / _DATA).rename(output)
            shutil.rmtree(place, ignore_errors=True)
    except OSError as error:
        raise DataError(f"{output}: cannot be written: {error.strerror or error}") from error
    except lmdb.Error as error:
        raise DataError(f"{output}: cannot be written: {error}") from error
    return report


def unfinished_place(output: Path) -> Path:
    """A hidden folder beside an LMDB folder, where it is filled.

    Its name is short whatever the length of the other one, which may be all that the file system
    takes.
    """
    digest = hashlib.sha256(os.fsencode(output.name)).hexdigest()
    return output.with_name(f".srcore-lmdb-{digest[:16]}")


def _take_up(place: Path, job: Mapping[str, Any], *, overwrite: bool) -> None:
    """Go on with what an equal job has left, or begin anew."""
    record = place / _JOB
    if record.is_file():
        if not overwrite:
            refuse_another(place, record, job)
        if record.read_text("utf-8", "replace") == job_in_words(job):
            return
        shutil.rmtree(place / _DATA, ignore_errors=True)
        (place / _LEDGER).unlink(missing_ok=True)
    write_bytes(record, job_in_words(job).encode())


@attrs.frozen
class _Encoded:
    """An image as it is stored, and the stamp of its file before it was read."""

    stamp: Stamp
    content: bytes
    shape: tuple[int, ...]


def _fill_lmdb(
    lmdb: Any,
    place: Path,
    paths: Sequence[Path],
    keys: Sequence[str],
    pool: ProcessPool[Mapping[str, Any] | None],
) -> Report:
    report = Report()
    pairs = list(zip(paths, keys, strict=True))
    stored: list[StoredEntry] = []
    with opened_store(lmdb, place / _DATA, place / _LEDGER) as store:
        known = store.known()
        done = {key for path, key in pairs if key in known and known[key].stamp == stamp_of(path)}
        unfit = {key: why for key in keys if (why := _unfit_key(key, store.longest_key))}
        left = (path for path, key in pairs if key not in done and key not in unfit)
        made = pool.each(_encoded, left)
        for path, key in tqdm(pairs, desc="LMDB", unit="image"):
            if key in unfit:
                report.failed.append(f"{path}: {unfit[key]}")
                continue
            outcome = None if key in done else next(made)
            if isinstance(outcome, str):
                report.failed.append(outcome)
                continue
            if outcome is None:
                stored.append(known[key])
            else:
                stored.append(StoredEntry(key, outcome.stamp, outcome.shape))
                store.add(stored[-1], outcome.content)
            report.add(Report(images=1, written=1))
        store.end(entry.key for entry in stored)
    listed = "".join(entry.line for entry in stored).encode("utf-8", "surrogateescape")
    write_bytes(place / _DATA / "meta_info.txt", listed)
    return report


def _unfit_key(key: str, longest: int) -> str:
    """Why a name cannot be stored, empty if it can."""
    if "\n" in key:
        return "a name with a line break has no place in meta_info.txt; rename the file"
    length = len(encoded_key(key))
    return f"a key of {length} bytes; LMDB holds at most {longest}" if length > longest else ""


def _encoded(options: Mapping[str, Any] | None, path: Path) -> _Encoded | str:
    """An image as it is stored, or why it cannot be."""
    try:
        stamp = stamp_of(path) or (0, 0)
        image = read_image(path)
        # As programs that read such folders expect it; whoever asks for colors leaves alpha out.
        image = to_rgba(image) if image.shape[2] in (_GRAY_ALPHA, RGBA) else to_rgb(image)
    except Exception as error:  # whatever it is, the other images are stored
        return line_about(path, error)
    return _Encoded(stamp, encode_image(image, ".png", path, options=options), image.shape)
