"""What runs measured, as columns."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from srcore.config.reading import parse_experiment
from srcore.errors import SrcoreError
from srcore.messages import shown
from srcore.runs.folder import RunFolder, experiment_of_run, stage_names
from srcore.runs.records import read_records

#: What every row has beside its values.
_PLACE = ("stage", "iteration", "phase")


def read_metrics(folder: str | Path, phase: str | None = None) -> dict[str, list[Any]]:
    """What a run has measured so far, in columns of equal length; runs that go on are read too.

    ``pandas.DataFrame(srcore.read_metrics("runs/quickstart"))`` makes a table of it.

    >>> import pathlib, tempfile, srcore
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "experiment.toml").write_text('name = "x"')
    >>> row = '{"iteration": 5, "phase": "train", "values": {"l1": 0.25}}'
    >>> _ = (folder / "metrics.jsonl").write_text(row)
    >>> srcore.read_metrics(folder)
    {'iteration': [5], 'phase': ['train'], 'l1': [0.25]}

    Args:
        folder: of a run, of one of its stages, or of an experiment with stages, whose rows come one
            stage after the other with a column ``stage``.
        phase: ``"train"`` or the name of a validation set: only its rows and columns.

    Returns:
        ``iteration``, ``phase`` and a column for each loss term, learning rate and metric, in the
        order of their first appearance; NaN where a row has no such value.

    Raises:
        NoRunError: the folder holds no run.
        SrcoreError: nothing was measured in that phase.
    """
    folder = Path(folder)
    rows = _measured_rows(folder)
    phases = dict.fromkeys(row["phase"] for row in rows)
    if phase is not None:
        if phase not in phases:
            known = ", ".join(phases) or "none so far"
            raise SrcoreError(f"{folder}: no phase {shown(phase)}; there are: {known}")
        rows = [row for row in rows if row["phase"] == phase]
    names = dict.fromkeys(name for row in rows for name in row["values"])
    is_staged = any("stage" in row for row in rows)
    columns = {name: [row[name] for row in rows] for name in _PLACE if name != "stage" or is_staged}
    return columns | {name: [row["values"].get(name, math.nan) for row in rows] for name in names}


def _measured_rows(folder: Path) -> list[dict[str, Any]]:
    return [
        {"stage": name, **row} if name else row
        for name, place in folders_by_stage(folder).items()
        for row in read_records(RunFolder(place).lines)
    ]


def folders_by_stage(folder: Path) -> dict[str, Path]:
    """Folders of a run's stages by name, in their order; without stages its own, named ``""``.

    Raises:
        NoRunError: the folder holds no run.
        ConfigError: its experiment cannot be read.
    """
    names = stage_names(parse_experiment(experiment_of_run(folder)))
    return {name: folder / name for name in names} or {"": folder}
