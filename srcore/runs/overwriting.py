"""Deleting an earlier run: what it wrote, nothing else, and nothing that the new run reads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srcore.config.invalid import Invalid
from srcore.config.paths import is_pending, paths_of
from srcore.config.reading import parse_experiment
from srcore.config.schema import Experiment
from srcore.config.structure import Structurer
from srcore.errors import ConfigError, SrcoreError
from srcore.files.deleting import delete_known
from srcore.messages import some
from srcore.plugin.registry import Registry
from srcore.runs.folder import COMMON_FILES, EXPERIMENT_FILES, RunFolder, task_files, training_files

if TYPE_CHECKING:
    from srcore.checking.experiment import LoadedExperiment


def delete_run(folder: Path, registry: Registry) -> None:
    """Delete an earlier run whole, or say what keeps it and delete nothing.

    The lock that the caller holds, and with it the empty folder, stay.

    Raises:
        SrcoreError: it is a link, or holds what the run did not write.
    """
    delete_known(
        folder,
        _patterns(folder, registry),
        writer="the run",
        last=RunFolder.experiment,
        keep=RunFolder.lock,
    )


def refuse_own_inputs(folder: Path, loaded: LoadedExperiment, stages: Iterable[Experiment]) -> None:
    """Refuse to delete what the new run reads: its experiment file, images or weights.

    Raises:
        SrcoreError: names them.
    """
    place = folder.resolve()
    paths = (path for stage in stages for _, path in paths_of(stage))
    inputs = [*loaded.source.files, *(path for path in paths if not is_pending(path))]
    inside = [path for path in inputs if place in (path.resolve(), *path.resolve().parents)]
    if inside:
        names = some(map(str, dict.fromkeys(inside)))
        raise SrcoreError(
            f"{folder}: nothing was deleted, the new run reads {names} of it; copy that, or choose "
            "another name"
        )


def outer_run(folder: Path) -> Path | None:
    """The run whose stage has its place in this folder, or None."""
    above = folder.absolute().parent
    outer = RunFolder(above)
    # An experiment.toml alone may be the user's, in the folder that is worked in.
    if not (outer.experiment.is_file() and outer.log.is_file()):
        return None
    try:
        stages = parse_experiment(outer.experiment).get("stages")
    except ConfigError:
        return None
    names = [stage.get("name") for stage in stages or () if isinstance(stage, dict)]
    return above if folder.name in names else None


def _patterns(folder: Path, registry: Registry) -> Iterator[str]:
    """What the run in this folder may have written, by its experiment."""
    try:
        table = parse_experiment(RunFolder(folder).experiment)
    except ConfigError:
        table = {}  # what is known of every run can still be deleted
    stages = table.get("stages")
    if not isinstance(stages, list):
        yield from _stage_patterns(table, registry)
        return
    yield from EXPERIMENT_FILES
    for stage in stages:
        if isinstance(stage, dict) and isinstance(stage.get("name"), str):
            name = _literally(stage["name"])
            yield from (f"{name}/{own}" for own in _stage_patterns(stage, registry))


def _literally(name: str) -> str:
    return re.sub(r"([\[*?])", r"[\1]", name)


def _stage_patterns(table: dict[str, Any], registry: Registry) -> tuple[str, ...]:
    if "task" not in table:
        further = table.get("networks")
        networks = ("discriminator", *(further if isinstance(further, dict) else ()))
        return COMMON_FILES + training_files(networks)
    try:
        task = Structurer(registry, {}).select("task", table["task"])
    except Invalid as error:  # a path that is gone changes nothing about what was written
        task = error.partial
    return COMMON_FILES + task_files(task)
