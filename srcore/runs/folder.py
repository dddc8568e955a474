"""What lies where in the folder of a run: every name, once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, overload

import attrs

from srcore.capabilities import option_capability
from srcore.errors import NoRunError
from srcore.files.atomic import is_temporary

#: Phase of the training's own rows in metrics.jsonl; those of validation sets have their names.
TRAINING_PHASE = "train"


class Place:
    """A file or folder of a run: its name for the class, its path for the folder of one run."""

    def __init__(self, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, folder: None, owner: type[RunFolder]) -> str: ...
    @overload
    def __get__(self, folder: RunFolder, owner: type[RunFolder]) -> Path: ...
    def __get__(self, folder: RunFolder | None, owner: type[RunFolder]) -> str | Path:
        """``RunFolder.log`` is a name, ``RunFolder(path).log`` a path."""
        return self.name if folder is None else folder.path / self.name


@attrs.frozen
class RunFolder:
    """The folder of a stage, or of an experiment with or without stages.

    >>> RunFolder.generator
    'generator.safetensors'
    >>> RunFolder(Path("runs/quickstart")).pictures_at(1000).as_posix()
    'runs/quickstart/images/iteration_00001000'

    Attributes:
        path: the folder.
        experiment: the resolved experiment; the file that marks a folder as one of srcore's.
        lock: who works on it.
        log: what was said.
        report: the page that ``srcore report`` makes, too.
        provenance: what the result depends on beside the experiment.
        ending: how a stage ended: its last file.
        plugins: the folder for files of plugins.
        lines: what was measured, as JSON lines.
        rows: the same as CSV.
        performance: how fast it went.
        bicubic: what plain bicubic enlargement reaches, from the first validation on.
        generator: the network for use, of the last iteration.
        best_generator: the same of the best validation.
        checkpoints: the folder of states to continue from.
        last: state of the last checkpoint.
        previous: state of the one before.
        best: state of the best validation.
        pictures: the folder of pictures of validations.
        card: the folder that ``srcore card`` makes.
        tensorboard: the folder of TensorBoard's files.
    """

    path: Path

    experiment = Place("experiment.toml")
    lock = Place(".lock")
    log = Place("run.log")
    report = Place("report.html")
    provenance = Place("provenance.json")
    ending = Place("finished.json")
    plugins = Place("plugins")
    lines = Place("metrics.jsonl")
    rows = Place("metrics.csv")
    performance = Place("performance.json")
    bicubic = Place("bicubic.json")
    generator = Place("generator.safetensors")
    best_generator = Place("generator_best.safetensors")
    checkpoints = Place("checkpoints")
    last = Place("checkpoints/last.pt")
    previous = Place("checkpoints/previous.pt")
    best = Place("checkpoints/best.pt")
    pictures = Place("images")
    tensorboard = Place("tensorboard")
    card = Place("card")

    def network(self, role: str) -> Path:
        """The network of a role, for use."""
        return self.path / _network(role)

    def checkpoint_at(self, iteration: int) -> Path:
        """A checkpoint that is kept (``train.keep_every``)."""
        return self.checkpoints / f"{_at(iteration)}.pt"

    def pictures_at(self, iteration: int) -> Path:
        """The folder of the pictures of one validation."""
        return self.pictures / _at(iteration)

    def pictured(self) -> dict[int, Path]:
        """Folders of pictures by the iteration of their validation, in their order."""
        folders = {path.name.removeprefix(_AT): path for path in self.pictures.glob(f"{_AT}*")}
        numbers = sorted((int(it), it) for it in folders if it.isdecimal())
        return {number: folders[text] for number, text in numbers}


_AT = "iteration_"


def _at(iteration: int) -> str:
    return f"{_AT}{iteration:08d}"


def _network(role: str) -> str:
    return f"{role}.safetensors"


#: What a stage writes, training or not. ``stage:`` paths and ``--overwrite`` go by these patterns,
#: in which ``*`` stands for folders too: what a stage writes is listed here, or by ``outputs`` of
#: the options of its task.
COMMON_FILES = (
    RunFolder.experiment,
    RunFolder.provenance,
    RunFolder.log,
    RunFolder.report,
    RunFolder.ending,
    f"{RunFolder.plugins}/*",
    f"{RunFolder.card}/*",
)
#: In the folder of a stage that trains, beside the files of its networks.
_TRAINING_FILES = (
    RunFolder.lines, RunFolder.rows, RunFolder.performance, RunFolder.bicubic,
    RunFolder.generator, RunFolder.best_generator, f"{RunFolder.checkpoints}/*.pt",
    f"{RunFolder.pictures}/{_AT}*.png", f"{RunFolder.tensorboard}/*tfevents*",
)  # fmt: skip
#: In the folder of an experiment with stages, beside the folders of its stages.
EXPERIMENT_FILES = (
    RunFolder.experiment,
    RunFolder.log,
    RunFolder.report,
    f"{RunFolder.card}/*",
)


def stage_names(table: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the stages of a run's ``experiment.toml``, each of which has a folder of that name.

    Args:
        table: the content of the file.

    >>> stage_names({"name": "esrgan", "stages": [{"name": "psnr"}, {"name": "gan"}]})
    ('psnr', 'gan')
    >>> stage_names({"name": "edsr", "scale": 4})
    ()
    """
    stages = table.get("stages", ())
    listed = stages if isinstance(stages, (list, tuple)) else ()
    return tuple(str(it["name"]) for it in listed if isinstance(it, Mapping) and "name" in it)


def training_files(networks: Iterable[str]) -> tuple[str, ...]:
    """What a stage that trains these networks writes of its own."""
    own = (re.sub(r"([\[*?])", r"[\1]", name) for name in networks if name != "generator")
    return (*_TRAINING_FILES, *map(_network, own))


def task_files(task: Any) -> tuple[str, ...]:
    """What a stage with this task (:class:`srcore.options.Selected`) writes of its own."""
    outputs = None if task is None else option_capability(task.options, "outputs")
    return tuple(outputs()) if outputs is not None else ()


def experiment_of_run(folder: Path) -> Path:
    """The file of the experiment in the folder of a run.

    Raises:
        NoRunError: the folder holds no run, or is not there.
    """
    file = RunFolder(folder).experiment
    if not file.is_file():
        fault = "is not a run of srcore" if folder.is_dir() else "no such folder"
        raise NoRunError(
            f"{folder}: {fault}; expected a folder with {RunFolder.experiment}, such as "
            "runs/quickstart"
        )
    return file


def has_checkpoint(folder: Path) -> bool:
    """Whether a training in the folder of a stage goes on from a checkpoint.

    One that is not the last is enough: ``--recover`` takes it, and without that the run is refused.
    """
    try:
        paths = [*RunFolder(folder).checkpoints.iterdir()]
    except (OSError, ValueError):  # there is none, or no folder can have such a name
        return False
    return any(path.suffix == ".pt" and not is_temporary(path) for path in paths)
