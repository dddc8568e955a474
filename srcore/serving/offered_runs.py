"""Folders of runs by the names under which they are offered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from srcore.config.reading import parse_experiment
from srcore.errors import SrcoreError
from srcore.runs.folder import RunFolder, stage_names

#: More runs than that are no help to anybody who chooses.
MOST = 500


def offered_runs(given: Iterable[Path], below: Path | None) -> dict[str, Path]:
    """Folders of runs by name, those that were named first; equal names get a number.

    Args:
        given: folders of runs.
        below: a folder of such folders, if it is there.
    """
    folders = list(given)
    if below is not None and below.is_dir():
        folders += sorted(it for it in below.iterdir() if holds_run(it))
    offered: dict[str, Path] = {}
    for folder in folders[:MOST]:
        name, number = folder.resolve().name, 2
        while name in offered and offered[name].resolve() != folder.resolve():
            name, number = f"{folder.resolve().name} ({number})", number + 1
        offered.setdefault(name, folder)
    return offered


def holds_run(folder: Path) -> bool:
    """Whether a folder holds a run, or an experiment with stages."""
    return RunFolder(folder).experiment.is_file()


def stage_folders(folder: Path) -> Iterator[tuple[str, Path]]:
    """The folder of a run, without a name, and those of its stages that have begun, by name.

    Other folders in it are none, such as the card's, which has weights and an experiment, too.
    """
    yield "", folder
    inside = {it.name: it for it in folder.iterdir()}  # a name that leads elsewhere is none of them
    for name in stage_names(_table_or_empty(folder)):
        if name in inside and holds_run(inside[name]):
            yield name, inside[name]


def scale_of(folder: Path) -> int | None:
    """The scale that an experiment says; None where it says none."""
    scale = _table_or_empty(folder).get("scale")
    return scale if isinstance(scale, int) else None


def _table_or_empty(folder: Path) -> dict[str, Any]:
    """The experiment of a run; one that cannot be read says nothing."""
    try:
        return parse_experiment(RunFolder(folder).experiment)
    except (SrcoreError, OSError):
        return {}
