"""The folder of a run: who may write into it, and what has to go before.

A run that was killed at any point can be started again: the experiment is the first file that it
writes, and what a kill before that leaves behind is known.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from srcore.config.plain_tables import as_table, write_table
from srcore.config.schema import Experiment
from srcore.files.atomic import is_temporary
from srcore.files.occupied import OccupiedError
from srcore.plugin.registry import Registry
from srcore.runs.folder import RunFolder
from srcore.runs.lock import locked
from srcore.runs.overwriting import delete_run, outer_run

_BEFORE_THE_EXPERIMENT = (RunFolder.lock, RunFolder.log)
#: What a run leaves that failed before its first iteration.
_WORTHLESS = (
    *_BEFORE_THE_EXPERIMENT,
    RunFolder.experiment,
    RunFolder.report,
    RunFolder.performance,
    RunFolder.provenance,
    RunFolder.bicubic,
)
_EMPTY_AT_FIRST = (RunFolder.lines, RunFolder.rows)


@contextlib.contextmanager
def open_run(
    folder: Path,
    experiments: Mapping[str, Experiment],
    registry: Registry,
    *,
    name: str,
    resume: bool,
    overwrite: bool,
) -> Iterator[None]:
    """Make the folder of a run and be alone in it; never overwrite an earlier run unasked.

    Args:
        folder: the folder.
        experiments: by name of their stage; a single empty name if there are no stages.
        registry: knows what the tasks of an earlier run wrote.
        name: of the experiment.
        resume: an earlier run in it is continued.
        overwrite: an earlier run in it is deleted.

    Raises:
        OccupiedError: the folder holds a run, or something else, or lies in another run.
        SrcoreError: it is in use or cannot be written.
    """
    refuse_earlier_run(folder, resume=resume, overwrite=overwrite)
    with locked(folder):
        # others may have worked until now
        refuse_earlier_run(folder, resume=resume, overwrite=overwrite)
        if overwrite and _is_run(folder):
            delete_run(folder, registry)
        remove_temporaries(folder)
        if "" not in experiments:
            tables = [
                as_table(experiment) | {"name": stage} for stage, experiment in experiments.items()
            ]
            write_table(RunFolder(folder).experiment, {"name": name, "stages": tables})
        elif not resume or not _is_run(folder):
            write_table(RunFolder(folder).experiment, as_table(experiments[""]))
        yield


def remove_temporaries(folder: Path) -> None:
    """Remove what killed processes left of files that they were about to write."""
    for path in folder.rglob(".*"):
        if is_temporary(path) and path.is_file():
            path.unlink()


def refuse_earlier_run(folder: Path, *, resume: bool, overwrite: bool) -> None:
    """Refuse a folder whose content nobody said what to do with.

    Raises:
        OccupiedError: the folder holds a run, or something else, or lies in another run.
    """
    outer = outer_run(folder)
    if outer is not None:
        raise OccupiedError(
            f"{folder}: is the place of a stage of the run {outer}; choose another --output"
        )
    if _is_unused(folder):
        return
    if not _is_run(folder):
        raise OccupiedError(f"{folder}: exists and is not a run of srcore; choose another name")
    if not (resume or overwrite or _has_nothing(folder)):
        raise OccupiedError(
            f"{folder}: holds an earlier run; continue it with --resume, delete it with "
            "--overwrite, or choose another name with --set name=..."
        )


def _is_run(folder: Path) -> bool:
    return RunFolder(folder).experiment.is_file()


def _is_unused(folder: Path) -> bool:
    """Whether nothing lies there but what a run leaves that was killed before its first file."""
    if not folder.is_dir():
        return not folder.exists()
    return all(
        path.name in _BEFORE_THE_EXPERIMENT or is_temporary(path) for path in folder.iterdir()
    )


def _has_nothing(folder: Path) -> bool:
    """Whether a run ended before it had trained, measured or made anything worth keeping."""
    for path in folder.rglob("*"):
        if path.is_dir() or is_temporary(path) or path.name in _WORTHLESS:
            continue
        is_empty = path.name in _EMPTY_AT_FIRST and not _has_rows(path)
        if not (is_empty or "tfevents" in path.name):
            return False
    return True


def _has_rows(file: Path) -> bool:
    """Whether something was recorded; a table begins with the names of its columns."""
    return len(file.read_bytes().splitlines()) > (file.suffix == ".csv")
