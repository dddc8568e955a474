"""Small trainings with images of their own: repeated, killed and resumed."""

from __future__ import annotations

import contextlib
import logging
import shutil
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import tomli_w
import torch
from ignite.engine import Engine, Events

from srcore.capabilities import option_capability
from srcore.checking.experiment import LoadedExperiment
from srcore.config.paths import inputs_of, is_pending
from srcore.hookspecs import hookimpl
from srcore.launching.stages import run_experiment
from srcore.runs.folder import RunFolder
from srcore.testing.comparison import assert_same_state
from srcore.testing.experiments import load_unchecked
from srcore.testing.specimen import random_weights
from srcore.testing.tiny_images import write_tiny_images

if TYPE_CHECKING:
    from srcore.config.schema import Experiment

#: Iterations of a tried stage; a kill comes in the third.
ITERATIONS = 4

_LARGEST = 1024  # where growing ends

_SHORT = (
    f"train.iterations={ITERATIONS}",
    "train.device=cpu",
    "train.checkpoint_every=1",
    "train.log_every=1",
    "name=contract",
)

_OWN: dict[str, Any] = {
    "scale": 2,
    "generator": {"type": "edsr", "num_features": 4, "num_blocks": 1},
    "losses": [{"type": "l1"}],
    "data": {
        "train": {"type": "hr_folder", "hr": "images/hr", "hr_patch_size": 32, "workers": 0},
        "validation": {"own": {"type": "hr_folder", "hr": "images/hr"}},
    },
    "train": {"batch_size": 2, "validate_every": 1, "tensorboard": False},
}


def short(name: str, overrides: Sequence[str] = ()) -> LoadedExperiment:
    """An experiment that trains a few iterations on images of the specimen.

    Folders of images that it names and that do not exist are made: run it in an empty folder.
    """
    loaded = load_unchecked(name, (*overrides, *_SHORT))
    provide_images(loaded)
    return loaded


def own_experiment(folder: Path, further: dict[str, Any]) -> LoadedExperiment:
    """A small training of the core's parts, and what else it shall hold."""
    file = folder / "own.toml"
    file.write_text(tomli_w.dumps(_OWN | further), "utf-8")
    return load_unchecked(file, _SHORT)


def experiments_of(loaded: LoadedExperiment) -> Iterator[Experiment]:
    """The typed stages, as far as they can be made without data."""
    for stage in loaded.stages:
        experiment = loaded.examine(stage)[0]
        if experiment is not None:
            yield experiment


def provide_images(loaded: LoadedExperiment) -> None:
    """Write small images into the folders that an experiment names and that do not exist.

    They are large enough for its crops and its metrics.
    """
    for experiment in experiments_of(loaded):
        side = _crop_side(experiment)
        for key, path, wanted in inputs_of(experiment.data):
            if wanted == "folder" and not is_pending(path) and not path.exists():
                is_small = key.rpartition(".")[2].partition("[")[0] == "lr"
                shrunk = side // experiment.scale if is_small else side
                write_tiny_images(path, 3, height=shrunk, width=shrunk)


def _crop_side(experiment: Experiment) -> int:
    scale, train = experiment.scale, experiment.data.train
    crop = None if train is None else option_capability(train.selected.options, "hr_patch_size")
    step = 4 * scale
    side = -(-max(48, (crop or 0) + 8) // step) * step
    for metric in experiment.metrics:
        unmeasurable = option_capability(metric.selected.options, "unmeasurable")
        border = scale if metric.crop_border is None else metric.crop_border
        while unmeasurable is not None and unmeasurable(side, side, border) and side < _LARGEST:
            side += step
    return side


def train_run(loaded: LoadedExperiment, folder: Path, *, resume: bool = False) -> dict[str, Any]:
    """Train; the last checkpoint of every stage that trains, by name."""
    with random_weights(), _without_logs():
        run_experiment(loaded, folder, resume=resume, quiet=True)
    states = {}
    for stage in loaded.stages:
        last = RunFolder(folder / "contract" / stage.name).last
        if last.exists():
            state = torch.load(last, weights_only=True)
            states[stage.name] = {
                key: value for key, value in state.items() if key not in ("best", "results")
            }
    return states


def killed_and_resumed(
    loaded: LoadedExperiment, folder: Path
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Checkpoints of a whole run, and of runs that were killed in each stage and resumed.

    What a killed process leaves behind is a copy of the folder of runs, taken in the midst of an
    iteration: nothing is said, saved or closed.
    """
    witness = _Witness(folder / "runs", folder)
    watched = attrs.evolve(loaded, plugins=loaded.plugins.extended(witness))
    whole = train_run(watched, witness.runs)
    resumed = []
    for place in witness.places:  # back to where it was: stages name each other's files
        shutil.rmtree(witness.runs)
        place.rename(witness.runs)
        resumed.append(train_run(loaded, witness.runs, resume=True))
    return whole, resumed


def without_entries(states: Mapping[str, Any], patterns: Sequence[str]) -> dict[str, Any]:
    """Checkpoints of stages, less the entries whose path in the checkpoint fits a pattern."""
    return {stage: _without_matching(state, patterns, "") for stage, state in states.items()}


def _without_matching(value: Any, patterns: Sequence[str], path: str) -> Any:
    if not isinstance(value, dict):
        return value
    return {
        key: _without_matching(entry, patterns, f"{path}{key}/")
        for key, entry in value.items()
        if not any(fnmatchcase(f"{path}{key}", pattern) for pattern in patterns)
    }


def differing_ends(whole: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Where the ends of runs differ that should be one."""
    if not whole:
        yield "checkpoints: the experiment wrote none"
    for other in others:
        for stage, state in whole.items():
            try:
                assert_same_state(state, other.get(stage), stage or "state")
            except AssertionError as error:
                yield str(error)


@attrs.define
class _Witness:
    """A plugin that copies the folder of runs in the third iteration of every stage."""

    runs: Path
    folder: Path
    places: list[Path] = attrs.field(factory=list)

    @hookimpl
    def srcore_engines_created(self, trainer: Engine) -> None:
        """Copy while the iteration is computed."""
        place = self.folder / f"killed{len(self.places)}"

        def copy() -> None:
            shutil.copytree(self.runs, place, symlinks=True)  # one may lead nowhere yet
            self.places.append(place)

        trainer.add_event_handler(Events.ITERATION_STARTED(once=ITERATIONS - 1), copy)


@contextlib.contextmanager
def _without_logs() -> Iterator[None]:
    """What a run tells of itself is no matter of the tests."""
    logger = logging.getLogger("srcore")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
