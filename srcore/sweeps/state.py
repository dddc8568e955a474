"""The state of a sweep: which trials there are, and how they ended; ``sweep.json``."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, get_args

import attrs

from srcore.errors import SrcoreError
from srcore.files.atomic import writing
from srcore.files.strict_json import dumps
from srcore.sweeps.sweep_folder import trial_name

TrialState = Literal["open", "complete", "pruned", "failed"]


@attrs.frozen
class SweepTrial:
    """A trial of a sweep.

    Attributes:
        number: from 0, in the order in which they were chosen.
        values: of the keys of the sweep.
        state: open: it was not begun, runs, or was interrupted; the same command goes on with it.
        value: of the metric; None before it is complete.
        iteration: of the validation that counts.
        cause: why it failed or was ended early.
    """

    number: int
    values: dict[str, Any]
    state: TrialState = "open"
    value: float | None = None
    iteration: int | None = None
    cause: str = ""

    @property
    def name(self) -> str:
        """Of its run and folder."""
        return trial_name(self.number)


@attrs.frozen
class SweepState:
    """All that a sweep that goes on must know; what trials measured is in their own folders.

    Attributes:
        asked: the table ``[sweep]``, defaults filled in.
        experiment: the experiment without the values of the trials, by stage.
        trials: in the order of their numbers.
    """

    asked: dict[str, Any]
    experiment: dict[str, Any]
    trials: tuple[SweepTrial, ...] = ()

    def with_trial(self, trial: SweepTrial) -> SweepState:
        """The same with a trial that is new, or has come to its end."""
        others = {it.number: it for it in self.trials} | {trial.number: trial}
        return attrs.evolve(self, trials=tuple(others[number] for number in sorted(others)))

    def of_state(self, *states: TrialState) -> list[SweepTrial]:
        """Trials in one of these states."""
        return [it for it in self.trials if it.state in states]


def write_sweep(file: Path, state: SweepState) -> None:
    """Write ``sweep.json``, whole or not at all."""
    content = {"format": 1, **attrs.asdict(state)}
    with writing(file) as temporary:
        temporary.write_text(dumps(content, indent=1) + "\n", "utf-8")


def read_sweep(file: Path) -> SweepState | None:
    """The state of the sweep in a folder; None if there is none.

    Raises:
        SrcoreError: the file is damaged, or of another version.
    """
    if not file.is_file():
        return None
    try:
        content = json.loads(file.read_text("utf-8"))
        if content["format"] != 1:
            raise ValueError
        trials = tuple(_trial_of(entry) for entry in content["trials"])
        if [it.number for it in trials] != list(range(len(trials))):
            raise ValueError
        return SweepState(dict(content["asked"]), dict(content["experiment"]), trials)
    except (ValueError, KeyError, TypeError, OSError):
        raise SrcoreError(
            f"{file}: is damaged, or of another version of srcore; give the sweep another name "
            "with --set name=..."
        ) from None


def _trial_of(entry: dict[str, Any]) -> SweepTrial:
    trial = SweepTrial(**entry)
    fits = isinstance(trial.number, int) and isinstance(trial.values, dict)
    if not fits or trial.state not in get_args(TrialState):
        raise ValueError
    return trial


def best_trial(trials: Iterable[SweepTrial], *, higher_is_better: bool) -> SweepTrial | None:
    """The complete trial of the best value, the earliest of equal ones; None without one."""
    ordered = ranked(trials, higher_is_better=higher_is_better)
    return ordered[0] if ordered and ordered[0].state == "complete" else None


def ranked(trials: Iterable[SweepTrial], *, higher_is_better: bool) -> list[SweepTrial]:
    """Complete trials from the best to the worst, then all others by number."""
    sign = -1 if higher_is_better else 1

    def place(trial: SweepTrial) -> tuple[bool, float, int]:
        is_judged = trial.state == "complete" and trial.value is not None
        return not is_judged, sign * (trial.value or 0.0) if is_judged else 0.0, trial.number

    return sorted(trials, key=place)
