"""What a sweep compares: a metric of the validations of the last stage that trains."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from srcore.capabilities import capability
from srcore.config.schema import Experiment, MetricTable
from srcore.config.sweep_table import SweepTable
from srcore.errors import SrcoreError
from srcore.messages import shown
from srcore.plugin.targets import resolve
from srcore.runs.folder import RunFolder
from srcore.runs.records import read_records
from srcore.suggest import closest

if TYPE_CHECKING:
    from srcore.checking.experiment import LoadedExperiment


@attrs.frozen
class SweepMetric:
    """A metric on a validation set.

    Attributes:
        set_name: of the validation set.
        label: name of the metric in tables.
        stage: name of the stage that is judged; empty without stages.
        higher_is_better: which direction is good, as the metric says.
    """

    set_name: str
    label: str
    stage: str
    higher_is_better: bool

    def __str__(self) -> str:
        return f"{self.set_name}/{self.label}"

    def is_better(self, value: float, other: float) -> bool:
        """Whether one value is better than another."""
        return value > other if self.higher_is_better else value < other

    def measured(self, run: Path) -> list[tuple[int, float]]:
        """Iteration and value of every validation of a run so far; only finite values."""
        rows = read_records(RunFolder(run / self.stage).lines)
        values = [
            (row["iteration"], float(row["values"][self.label]))
            for row in rows
            if row["phase"] == self.set_name and self.label in row["values"]
        ]
        return [(iteration, value) for iteration, value in values if math.isfinite(value)]

    def judged(self, run: Path, validation: str) -> tuple[int, float]:
        """Iteration and value of the validation of a run that counts.

        Args:
            run: folder of the run.
            validation: ``"best"`` or ``"last"``.

        Raises:
            SrcoreError: there is none.
        """
        values = self.measured(run)
        if not values:
            raise SrcoreError(f"{run}: no validation has a finite value of {self}")
        if validation == "last":
            return values[-1]
        sign = 1 if self.higher_is_better else -1
        return max(values, key=lambda it: (sign * it[1], -it[0]))


def metric_of(loaded: LoadedExperiment, sweep: SweepTable) -> SweepMetric:
    """What the sweep of a valid experiment compares.

    Raises:
        SrcoreError: the metric cannot be built.
    """
    stage, experiment = judged_stage(loaded)
    set_name, table = _metric_table(experiment, sweep.metric)
    assert table is not None, "the experiment was checked"
    return SweepMetric(set_name, table.label, stage, _direction(table))


def metric_complaint(loaded: LoadedExperiment, sweep: SweepTable) -> str:
    """Why trials could not be compared, or an empty string."""
    if any(loaded.examine(stage)[0] is None for stage in loaded.stages):
        return ""  # what is wrong there is told, and may be what should be judged
    try:
        _, experiment = judged_stage(loaded)
    except SrcoreError as error:
        return str(error)
    sets = experiment.data.validation
    if not sets:
        return "there is no validation to compare trials by; expected [data.validation.NAME]"
    set_name, table = _metric_table(experiment, sweep.metric)
    if set_name in sets and table is not None:
        return ""
    labels = [it.label for it in experiment.metrics]
    known = [f"{name}/{label}" for name in sets for label in labels]
    hint = closest(sweep.metric, [*labels, *known]) or f"measured: {', '.join(known)}"
    return f"no validation measures {shown(sweep.metric)}; {hint}"


def judged_stage(loaded: LoadedExperiment) -> tuple[str, Experiment]:
    """Name and tables of the last stage that trains, as far as they can be made.

    Raises:
        SrcoreError: none does.
    """
    for stage in reversed(loaded.stages):
        experiment, _ = loaded.examine(stage)
        if experiment is not None and experiment.task is None:
            return stage.name, experiment
    raise SrcoreError("no stage trains; expected one whose validations can be compared")


def _metric_table(experiment: Experiment, name: str) -> tuple[str, MetricTable | None]:
    set_name, slash, label = name.partition("/")
    if not slash:
        set_name, label = next(iter(experiment.data.validation), ""), name
    tables = experiment.metrics
    if not label:
        return set_name, tables[0] if tables else None
    return set_name, next((it for it in tables if it.label == label), None)


def _direction(table: MetricTable) -> bool:
    target = resolve(table.selected.component.target)
    declared = capability("metric", target, "higher_is_better")
    if not (isinstance(target, type) and declared in (True, False)):
        # a function that makes the metric, or a property of it, says nothing yet
        declared = capability("metric", table.selected.build(), "higher_is_better")
    return bool(declared)
