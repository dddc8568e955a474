"""Writes the fastest setting that changes no numbers into the file of an experiment."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from srcore.checking.experiment import load_experiment
from srcore.config.edited import with_key
from srcore.errors import ConfigError, DataError
from srcore.files.atomic import writing
from srcore.files.toml import parse_toml
from srcore.messages import shown
from srcore.options.spelling import spelled
from srcore.profiling.variants import COMPARED_KEYS, TrainSetting, literal_of

if TYPE_CHECKING:
    from srcore.checking.experiment import LoadedExperiment
    from srcore.checking.stage_tables import ExperimentStage

_ASSIGNED = re.compile(rf"\s*(?:stages\S*\.)?train\s*\.\s*({'|'.join(COMPARED_KEYS)})\s*=")


class UnwritableError(DataError):
    """The file of an experiment is none that a setting can be written into."""

    exit_code = 2


def refuse_fixed_settings(loaded: LoadedExperiment, overrides: Iterable[str]) -> None:
    """Refuse, before anything is measured, what could not be written.

    Args:
        loaded: the experiment.
        overrides: ``KEY=VALUE`` that it was loaded with.

    Raises:
        UnwritableError: it is a shipped one, a stage stands in a file that it extends, or what is
            compared is overridden.
    """
    path = loaded.source.path
    shipped = loaded.plugins.registry.experiments().items()
    for name, (file, _) in shipped:
        if file.resolve() == path.resolve():
            raise UnwritableError(
                f"{spelled('write')}: expected a file of yours, found the shipped experiment "
                f"{shown(name)}; srcore new {name} > experiment.toml makes one"
            )
    for assignment in overrides:
        match = _ASSIGNED.match(assignment)
        if match:
            raise UnwritableError(
                f"{spelled('write')}: --set {assignment} is another value than that of {path}, "
                "which is what would be changed; leave one of them out"
            )
    text = path.read_text("utf-8")
    for stage in loaded.stages:
        _place_of_stage(text, stage, path)


def write_settings(loaded: LoadedExperiment, chosen: Mapping[str, TrainSetting]) -> None:
    """Write a setting for every stage that has one, in place; all else stays as it is.

    Args:
        loaded: the experiment, from a file.
        chosen: settings by name of the stage.

    Raises:
        DataError: no place for a key is found, or with the keys the experiment is not what it is
            to be; the file is as it was.
    """
    path = loaded.source.path.resolve()
    with path.open(encoding="utf-8", newline="") as stream:
        text = stream.read()
    stages = {stage.name: stage for stage in loaded.stages}
    for name, variant in chosen.items():
        place = (*_place_of_stage(text, stages[name], path), variant.key)
        text = with_key(text, place, literal_of(variant.value))
    with writing(path) as temporary:
        with temporary.open("w", encoding="utf-8", newline="") as stream:
            stream.write(text)
        shutil.copymode(path, temporary)
        _check_effect(loaded, temporary, chosen)


def _place_of_stage(text: str, stage: ExperimentStage, path: Path) -> tuple[str | int, ...]:
    """The table of a stage's training in its file."""
    if not stage.name:
        return ("train",)
    stages = parse_toml(text).get("stages", [])
    for index, table in enumerate(stages):
        if table.get("name") == stage.name:
            return ("stages", index, "train")
    raise UnwritableError(
        f"{spelled('write')}: the stage {stage.name} does not stand in {path} but in a file that "
        "it extends"
    )


def _check_effect(loaded: LoadedExperiment, file: Path, chosen: Mapping[str, TrainSetting]) -> None:
    """Refuse a file whose stages have not the values, or that has problems which are new."""
    try:
        now = load_experiment(file, {"name": loaded.name}, plugins=loaded.plugins)
    except ConfigError as error:
        raise DataError(f"{loaded.source.path}: not changed, since with the key {error}") from None
    plain = load_experiment(loaded.source.path, {"name": loaded.name}, plugins=loaded.plugins)
    for before, stage in zip(plain.stages, now.stages, strict=True):
        experiment, problems = now.examine(stage)
        known = {(it.path, it.message) for it in plain.examine(before)[1]}
        new = [it for it in problems if (it.path, it.message) not in known]
        if new:
            raise DataError(
                f"{loaded.source.path}: not changed, since with the key {new[0].path}: "
                f"{new[0].message}"
            )
        variant = chosen.get(stage.name)
        if variant is None or experiment is None:
            continue
        if getattr(experiment.train, variant.key) != variant.value:
            raise DataError(
                f"{loaded.source.path}: not changed, since train.{variant.key} would have no effect"
            )
