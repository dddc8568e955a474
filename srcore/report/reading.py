"""What the folder of a run holds, as typed records; nothing here needs the run's plugins."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from srcore.config.reading import parse_experiment
from srcore.runs.ending import Ending, read_ending
from srcore.runs.folder import TRAINING_PHASE, RunFolder, experiment_of_run, stage_names
from srcore.runs.records import read_records

#: Results by validation set and metric.
Averages = dict[str, dict[str, float]]


@attrs.frozen
class Curve:
    """One recorded value over the iterations; non-finite values are left out and counted.

    Attributes:
        phase: ``"train"`` or the name of a validation set.
        name: loss term, ``learning_rate/...``, metric.
        iterations: where it was recorded, ``(N,)``.
        values: what was recorded, ``(N,)``.
        dropped: how many values were not finite.
    """

    phase: str
    name: str
    iterations: NDArray[np.int64]
    values: NDArray[np.float64]
    dropped: int = 0


@attrs.frozen
class RunRecord:
    """What a run, or one stage of it, left behind.

    Attributes:
        folder: where it was read from.
        name: name of the experiment.
        stage: name of the stage, empty if the experiment has none.
        experiment: resolved tables; empty if the stage has not started.
        toml: the same as text.
        finished: whether the stage is complete.
        ending: how it ended; None if it did not, or was killed.
        results: what the stage measured at its end; of an unfinished one the last validation.
        series: everything recorded, in the order of its first appearance.
        pictures: files of the last validation that wrote any.
        pictures_at: iteration of that validation.
        dates: first and last day in the log, ISO 8601.
        version: of srcore, as the generator's file says.
        parameters: number of weights of the generator.
        head: what it ran on, in words, by name.
        performance: how fast, as ``performance.json`` says.
    """

    folder: Path
    name: str
    stage: str = ""
    experiment: dict[str, Any] = attrs.field(factory=dict)
    toml: str = ""
    finished: bool = False
    ending: Ending | None = None
    results: dict[str, Any] = attrs.field(factory=dict)
    series: tuple[Curve, ...] = ()
    pictures: tuple[Path, ...] = ()
    pictures_at: int = 0
    dates: tuple[str, ...] = ()
    version: str = ""
    parameters: int = 0
    head: dict[str, str] = attrs.field(factory=dict)
    performance: dict[str, Any] = attrs.field(factory=dict)

    @property
    def label(self) -> str:
        """Name and stage, or one of them if the other is empty."""
        return " / ".join(filter(None, (self.name, self.stage)))

    @property
    def started(self) -> bool:
        """Whether the stage has a folder."""
        return bool(self.experiment)

    @property
    def validation(self) -> Averages:
        """Averages that the network reached."""
        averages: Averages = self.results.get("validation", {})
        return averages

    @property
    def bicubic(self) -> Averages:
        """Averages of bicubic enlargement; known from the first validation on."""
        averages: Averages = self.results.get("bicubic", {})
        return averages

    @property
    def last_iteration(self) -> int:
        """The last one that was recorded."""
        return max((int(series.iterations[-1]) for series in self.series), default=0)


def read_run(folder: Path) -> list[RunRecord]:
    """Read a run: one record, or one per stage, those included that have not started.

    Raises:
        NoRunError: the folder holds no run.
        ConfigError: its experiment cannot be read.
    """
    table = _table(folder)
    if "stages" not in table:
        return [_read_record(folder, table, _stage_name(folder))]
    return [
        _read_record(folder / name, _table(folder / name), name)
        if RunFolder(folder / name).experiment.is_file()
        else RunRecord(folder / name, str(table.get("name", folder.name)), name)
        for name in stage_names(table)
    ]


def has_stages(folder: Path) -> bool:
    """Whether this is the folder of an experiment with stages.

    Raises:
        NoRunError: the folder holds no run.
        ConfigError: its experiment cannot be read.
    """
    return "stages" in _table(folder)


def _table(folder: Path) -> dict[str, Any]:
    return parse_experiment(experiment_of_run(folder))


def _stage_name(folder: Path) -> str:
    """A stage lies in the folder of its experiment."""
    above = RunFolder(folder.resolve().parent).experiment
    name = folder.resolve().name
    return name if above.is_file() and name in stage_names(parse_experiment(above)) else ""


def _read_record(folder: Path, table: dict[str, Any], stage: str) -> RunRecord:
    files = RunFolder(folder)
    rows = read_records(files.lines)
    ending = read_ending(folder)
    finished = ending is not None and ending.complete
    results = ending.results if ending is not None and finished else {}
    if not finished:
        bicubic = _json(files.bicubic)
        results = {"validation": _last_validation(rows), "bicubic": bicubic}
    performance = _json(files.performance)
    pictures_at, pictures = _last_pictures(files)
    version, parameters = _generator_facts(files.generator)
    return RunRecord(
        folder,
        str(table.get("name", folder.name)),
        stage,
        table,
        files.experiment.read_text("utf-8"),
        finished,
        ending,
        results,
        _series(rows),
        pictures,
        pictures_at,
        _dates(files.log if files.log.is_file() else RunFolder(folder.resolve().parent).log),
        version,
        parameters,
        performance.get("head", {}),
        performance,
    )


def _json(file: Path) -> dict[str, Any]:
    """A small table beside the results; empty if there is none that can be read."""
    try:
        content = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _last_validation(rows: list[dict[str, Any]]) -> Averages:
    return {row["phase"]: row["values"] for row in rows if row["phase"] != TRAINING_PHASE}


def _series(rows: list[dict[str, Any]]) -> tuple[Curve, ...]:
    collected: dict[tuple[str, str], tuple[list[int], list[float]]] = {}
    for row in rows:
        for name, value in row["values"].items():
            iterations, values = collected.setdefault((row["phase"], name), ([], []))
            iterations.append(row["iteration"])
            values.append(value)
    series = []
    for (phase, name), (iterations, values) in collected.items():
        numbers = np.asarray(values, np.float64)
        good = np.isfinite(numbers)
        if good.any():
            at = np.asarray(iterations, np.int64)[good]
            series.append(Curve(phase, name, at, numbers[good], int((~good).sum())))
    return tuple(series)


def _last_pictures(run: RunFolder) -> tuple[int, tuple[Path, ...]]:
    """Pictures of the last validation that wrote some."""
    for number, below in reversed(run.pictured().items()):
        files = tuple(sorted(file for file in below.glob("*.png") if file.is_file()))
        if files:
            return number, files
    return 0, ()


def _dates(log: Path) -> tuple[str, ...]:
    """First and last day of a log, once if they are the same."""
    if not log.is_file():
        return ()
    days = re.findall(r"^\d{4}-\d\d-\d\d(?= )", log.read_text("utf-8", "replace"), re.MULTILINE)
    return tuple(dict.fromkeys((days[0], days[-1]))) if days else ()


def _generator_facts(file: Path) -> tuple[str, int]:
    """Version and number of weights, from the header of a safetensors file."""
    try:
        with file.open("rb") as stream:
            header = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
        version = str(header.pop("__metadata__", {}).get("srcore_version", ""))
        return version, sum(int(np.prod(entry["shape"])) for entry in header.values())
    except (OSError, ValueError, KeyError, TypeError, OverflowError, MemoryError):
        return "", 0  # no generator yet, or none that we wrote: two facts less on the page
