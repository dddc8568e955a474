"""A sweep that goes on: what may be another than when it was begun."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from srcore.config.plain_tables import as_table, flat
from srcore.config.sweep_table import SweepTable
from srcore.errors import SrcoreError
from srcore.messages import shown
from srcore.runs.changes import may_change
from srcore.sweeps.state import SweepState, SweepTrial, read_sweep

if TYPE_CHECKING:
    from srcore.checking.experiment import LoadedExperiment


def begun_state(
    file: Path, sweep: SweepTable, loaded: LoadedExperiment, *, retry: bool
) -> SweepState:
    """The state of the sweep that is gone on with, or that of a new one.

    Args:
        file: ``sweep.json``.
        sweep: what is asked for now; only ``trials`` may be another number.
        loaded: the experiment without values of trials.
        retry: trials that failed are open again.

    Raises:
        SrcoreError: it was begun with other keys.
    """
    asked, experiment = as_table(sweep), described_stages(loaded)
    state = read_sweep(file)
    if state is None:
        return SweepState(asked, experiment)
    before, now = flat(state.asked), flat(asked)
    changed = _differences(before, now, ("trials",))
    if changed:
        raise SrcoreError(
            f"{file.parent}: was begun with another [sweep]: {'; '.join(changed)}; undo that, or "
            "give it another name with --set name=..."
        )
    refuse_other_experiment(file, state.experiment, loaded)
    trials = state.trials
    if retry:
        trials = tuple(
            SweepTrial(it.number, it.values) if it.state == "failed" else it for it in trials
        )
    return SweepState(asked, experiment, trials)


def refuse_other_experiment(file: Path, before: dict[str, Any], loaded: LoadedExperiment) -> None:
    """Refuse an experiment of which trials would be others than those before.

    Raises:
        SrcoreError: keys that may not change are others.
    """
    now = described_stages(loaded)
    free = {
        f"{stage.name}.{key}" if stage.name else key
        for stage in loaded.stages
        for key in may_change(loaded.experiment(stage))
    }
    changed = _differences(flat(before), flat(now), free)
    if changed:
        raise SrcoreError(
            f"{file.parent}: the experiment is another than when the sweep was begun: "
            f"{'; '.join(changed)}; undo that, or give it another name with --set name=..."
        )


def described_stages(loaded: LoadedExperiment) -> dict[str, Any]:
    """The tables of an experiment; those of stages by name."""
    tables: dict[str, Any] = {it.name: as_table(loaded.experiment(it)) for it in loaded.stages}
    only: dict[str, Any] = tables.get("", tables)
    return only


def _differences(
    before: dict[str, Any], now: dict[str, Any], free: tuple[str, ...] | set[str]
) -> list[str]:
    keys = [
        key
        for key in dict.fromkeys((*before, *now))
        if before.get(key) != now.get(key)
        and not any(key == it or key.startswith((f"{it}.", f"{it}[")) for it in free)
    ]
    return [
        f"{key} was {_told_value(before, key)}, now {_told_value(now, key)}" for key in keys[:5]
    ]


def _told_value(table: dict[str, Any], key: str) -> str:
    return shown(table[key]) if key in table else "absent"
