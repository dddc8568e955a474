"""A sweep in which nothing is wrong, as far as that is known before its trials."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from srcore.checking.experiment import LoadedExperiment, check_experiment
from srcore.config.sweep_table import SweepTable
from srcore.sweeps.sweep_folder import SweepFolder
from srcore.trials.listing import listed_trials
from srcore.trials.sweep_problems import refuse_wrong_trials, sweep_of, without_sweep

if TYPE_CHECKING:
    from srcore.plugin.manager import PluginManager
    from srcore.trials.sweep_problems import Loading


@attrs.frozen(kw_only=True)
class CheckedSweep:
    """A sweep that may begin.

    Attributes:
        table: its table ``[sweep]``.
        folder: where everything lies.
        load: loads the experiment without the table, and with further overrides.
        trials: how many there will be.
        is_listed: whether they are known beforehand, so that each was checked.
    """

    table: SweepTable
    folder: SweepFolder
    load: Loading
    trials: int
    is_listed: bool


def checked_sweep(
    whole: LoadedExperiment,
    experiment: str,
    overrides: Sequence[str],
    output: Path,
    plugins: PluginManager,
) -> CheckedSweep:
    """Check the trials of a sweep.

    Args:
        whole: the experiment, which is valid.
        experiment: the file, or the name of a shipped experiment, that it was loaded from.
        overrides: that it was loaded with.
        output: folder of runs.
        plugins: of which it is made.

    Raises:
        ConfigError: there is no table ``[sweep]``, or all that is wrong with it and its trials.
    """
    folder = SweepFolder.of(output, whole.name)

    def load(further: Iterable[str]) -> LoadedExperiment:
        starts = without_sweep([*overrides, *further])
        return check_experiment(experiment, starts, plugins=plugins, resumed=folder.path)

    table = sweep_of(whole, plugins.registry)
    refuse_wrong_trials(table, load, whole.source.origin)
    listed = listed_trials(table)
    return CheckedSweep(
        table=table,
        folder=folder,
        load=load,
        trials=table.trials if listed is None else len(listed),
        is_listed=listed is not None,
    )
