"""Folders of runs by the names under which they are offered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from srcore.config.reading import parse_experiment
from srcore.errors import SrcoreError
from srcore.runs.folder import RunFolder

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
    """Names and folders of the stages of a run; of one without stages its own, without a name."""
    yield "", folder
    for inside in sorted(folder.iterdir()):
        if holds_run(inside):
            yield inside.name, inside


def scale_of(folder: Path) -> int | None:
    """The scale that an experiment says; None where it says none."""
    try:
        scale = parse_experiment(RunFolder(folder).experiment).get("scale")
    except (SrcoreError, OSError):
        return None
    return scale if isinstance(scale, int) else None
