"""Ends a trial early that is worse than half of the finished ones were at the same iteration.

The median stopping rule of Vizier (Golovin et al., KDD 2017), by the best value so far instead of
the running mean: validations of a training with a discriminator go up and down.
"""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srcore.config.sweep_table import SweepTable
from srcore.engine.events import TrainingEvents
from srcore.hookspecs import hookimpl
from srcore.sweeps.state import read_sweep
from srcore.sweeps.sweep_folder import SweepFolder
from srcore.trials.metric import SweepMetric

if TYPE_CHECKING:
    from ignite.engine import Engine

    from srcore.engine.run import Run

#: What the reason of an early end begins with, in ``finished.json``.
PRUNED = "pruned: "


class MedianPruning:
    """A plugin of one run: looks at every validation of the stage that is judged.

    Args:
        folder: of the sweep; which trials are finished is read anew each time.
        metric: what is compared.
        sweep: after how many validations and trials.
    """

    def __init__(self, folder: SweepFolder, metric: SweepMetric, sweep: SweepTable) -> None:
        self.folder = folder
        self.metric = metric
        self.sweep = sweep

    @hookimpl
    def srcore_engines_created(self, run: Run, trainer: Engine) -> None:
        """Listen; a run that was killed between a validation and its end ends now."""
        if run.stage == self.metric.stage:
            trainer.add_event_handler(TrainingEvents.VALIDATION_COMPLETED, self._judge, run)
            self._judge(trainer, run)

    def _judge(self, trainer: Any, run: Run) -> None:
        place = run.folder.parent if run.stage else run.folder
        validations = self.metric.measured(place)
        if not validations or validations[-1][0] >= run.experiment.train.iterations:
            return  # it is at its end anyway
        reason = prune_reason(self.metric, self.sweep, validations, self._finished())
        if reason:
            run.request_stop(f"{PRUNED}{reason}")

    def _finished(self) -> list[list[tuple[int, float]]]:
        """Validations of all complete trials."""
        state = read_sweep(self.folder.state)
        runs = [self.folder.trial(it.number) for it in state.of_state("complete")] if state else []
        return [self.metric.measured(Path(run)) for run in runs]


def prune_reason(
    metric: SweepMetric,
    sweep: SweepTable,
    validations: list[tuple[int, float]],
    finished: list[list[tuple[int, float]]],
) -> str:
    """Why a trial is to end, or an empty string.

    Args:
        metric: which direction is good.
        sweep: after how many validations and trials.
        validations: iteration and value of those of the trial, at least one.
        finished: those of each finished trial.
    """
    at = validations[-1][0]
    reached = [_best_until(metric, it, at) for it in finished]
    known = [value for value in reached if value is not None]
    if len(validations) < sweep.prune_after_validations or len(known) < sweep.prune_after_trials:
        return ""
    own, middle = _best_until(metric, validations, at), statistics.median(known)
    if own is None or not metric.is_better(middle, own):
        return ""
    return (
        f"{metric} {own:.5g} at iteration {at} is worse than {middle:.5g}, the median of "
        f"{len(known)} finished trials"
    )


def _best_until(metric: SweepMetric, validations: list[tuple[int, float]], at: int) -> float | None:
    values = [value for iteration, value in validations if iteration <= at]
    if not values:
        return None
    return max(values) if metric.higher_is_better else min(values)
