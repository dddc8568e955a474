"""A sweep at work: chooses trials, starts their processes, notes how they end."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from srcore.checking.experiment import LoadedExperiment
from srcore.config.sweep_table import SweepTable
from srcore.engine.signals import STOPPING, StopRequest
from srcore.errors import ConfigError, Interrupted, SrcoreError
from srcore.runs.ending import read_ending
from srcore.runs.lock import locked
from srcore.sweeps.child import Child, TrialChild
from srcore.sweeps.job import TrialJob
from srcore.sweeps.pruning import PRUNED
from srcore.sweeps.resuming import begun_state, refuse_other_experiment
from srcore.sweeps.state import SweepState, SweepTrial, write_sweep
from srcore.sweeps.sweep_folder import SweepFolder
from srcore.sweeps.tpe import chosen_by_tpe
from srcore.trials.listing import listed_trials
from srcore.trials.metric import SweepMetric
from srcore.trials.sweep_problems import assignments

if TYPE_CHECKING:
    from srcore.trials.sweep_problems import Loading

#: Exit codes of runs that were told to stop.
_STOPPED = tuple(128 + number for number in STOPPING)
#: Seconds between two looks at the processes.
_PATIENCE = 0.05
#: Seconds for processes that were told to stop, after which they are killed: what a run needs for
#: an iteration, or for the image at hand of a validation, and a checkpoint.
_TIME_TO_SAVE = 600.0

Start = Callable[[TrialJob, Path], TrialChild]


@attrs.frozen(kw_only=True)
class Sweep:
    """A sweep that was checked.

    Attributes:
        experiment: the file, or the name of a shipped experiment.
        overrides: the user's.
        loaded: the experiment without the values of the trials.
        table: its table ``[sweep]``.
        metric: what is compared.
        folder: where everything lies.
        load: loads the experiment anew, with the overrides of a trial.
        changed: called when a trial has come to its end, for the page and messages.
        start: starts a process; None: a true one.
    """

    experiment: str
    overrides: tuple[str, ...]
    loaded: LoadedExperiment
    table: SweepTable
    metric: SweepMetric
    folder: SweepFolder
    load: Loading
    changed: Callable[[SweepState, SweepTrial], None] = lambda state, trial: None
    start: Start | None = None

    def run(self, jobs: int, *, retry: bool = False) -> SweepState:
        """Work on all trials that are not finished; go on where an earlier process ended.

        Args:
            jobs: how many at the same time.
            retry: also those that failed.

        Raises:
            Interrupted: a signal to stop came; all trials are saved.
            SrcoreError: the sweep was begun with other keys, or another process works on it.
        """
        self.folder.refuse_other_content()
        with locked(self.folder.path), StopRequest() as stop:
            state = begun_state(self.folder.state, self.table, self.loaded, retry=retry)
            for number, values in enumerate(listed_trials(self.table) or ()):
                if number >= len(state.trials):
                    state = state.with_trial(SweepTrial(number, values))
            write_sweep(self.folder.state, state)
            return _TrialWork(self, state, stop, jobs).done()

    def job(self, trial: SweepTrial) -> TrialJob:
        """What the process of a trial is told."""
        own = [f'name="{trial.name}"', *assignments(trial.values)]
        plugins = self.loaded.plugins
        return TrialJob(
            experiment=self.experiment,
            overrides=(*self.overrides, *own),
            folder=str(self.folder.path),
            without=tuple(sorted(plugins.without)),
            named=tuple(plugins.named),
            prunes=self.table.pruning != "none",
        )

    def next_values(self, state: SweepState) -> dict[str, Any] | None:
        """The values of the next trial that nobody has listed; None if there are enough."""
        number = len(state.trials)
        if self.table.search != "tpe" or number >= self.table.trials:
            return None
        return chosen_by_tpe(self.table, self.metric, state.trials, number)

    def outcome(self, trial: SweepTrial) -> SweepTrial:
        """The trial whose run came to its end, as its folder tells."""
        run = self.folder.trial(trial.number)
        try:
            ending = read_ending(run / self.metric.stage)
            iteration, value = self.metric.judged(run, self.table.validation)
        except SrcoreError as error:
            return attrs.evolve(trial, state="failed", cause=str(error))
        if ending is not None and ending.reason.startswith(PRUNED):
            cause = ending.reason.removeprefix(PRUNED)
            return attrs.evolve(
                trial, state="pruned", value=value, iteration=iteration, cause=cause
            )
        return attrs.evolve(trial, state="complete", value=value, iteration=iteration, cause="")


class _TrialWork:
    """The trials of one call of :meth:`Sweep.run`.

    Trials that were begun earlier come first. One whose process is killed is gone on with at once,
    and if that is killed, too, by the next call.
    """

    def __init__(self, sweep: Sweep, state: SweepState, stop: StopRequest, jobs: int) -> None:
        self.sweep = sweep
        self.state = state
        self.stop = stop
        self.jobs = jobs
        self.waiting = state.of_state("open")
        self.running: dict[int, TrialChild] = {}
        self.killed: set[int] = set()

    def done(self) -> SweepState:
        """Work until nothing is left, or a signal comes."""
        try:
            while self.stop.signal_number is None:
                self._fill()
                if not self.running:
                    return self.state
                self._collect()
                time.sleep(_PATIENCE)
            raise Interrupted(
                self.stop.signal_number,
                f"{self.sweep.folder.path}: interrupted, all trials are saved; the same command "
                "goes on",
            )
        except SrcoreError:
            self._end_all()
            raise
        finally:
            for child in self.running.values():
                child.end_at_once()

    def _fill(self) -> None:
        while len(self.running) < self.jobs and self.stop.signal_number is None:
            trial = self._next()
            if trial is None:
                return
            loaded = self.sweep.load([])
            refuse_other_experiment(self.sweep.folder.state, self.state.experiment, loaded)
            try:
                self.sweep.load(assignments(trial.values))
            except ConfigError as error:  # what was proposed does not go together
                self._note(attrs.evolve(trial, state="failed", cause=error.lines[0]))
                continue
            said = self.sweep.folder.said(trial.number)
            start = self.sweep.start or Child
            self.running[trial.number] = start(self.sweep.job(trial), said)

    def _next(self) -> SweepTrial | None:
        if self.waiting:
            return self.waiting.pop(0)
        if len(self.state.of_state("open")) > len(self.running):
            return None  # what is chosen next would not know of one that was killed
        values = self.sweep.next_values(self.state)
        if values is None:
            return None
        trial = SweepTrial(len(self.state.trials), values)
        self.state = self.state.with_trial(trial)
        write_sweep(self.sweep.folder.state, self.state)  # before anything is done for it
        return trial

    def _collect(self) -> None:
        for number, child in list(self.running.items()):
            code = child.ended()
            if code is None:
                continue
            del self.running[number]
            trial = self.state.trials[number]
            if code == 0:
                self._note(self.sweep.outcome(trial))
            elif code > 0 and code not in _STOPPED and self.stop.signal_number is None:
                self._note(attrs.evolve(trial, state="failed", cause=child.cause()))
            elif code < 0 and number not in self.killed and self.stop.signal_number is None:
                self.killed.add(number)
                self.waiting.insert(0, trial)
            else:  # killed again, or told to stop: it stays open
                self._note(attrs.evolve(trial, cause=child.cause()), ended=False)
            child.end_at_once()

    def _note(self, trial: SweepTrial, *, ended: bool = True) -> None:
        self.state = self.state.with_trial(trial)
        write_sweep(self.sweep.folder.state, self.state)
        if ended:
            self.sweep.changed(self.state, trial)

    def _end_all(self) -> None:
        for child in self.running.values():
            child.ask_to_stop()
        deadline = time.monotonic() + _TIME_TO_SAVE
        while self.running and time.monotonic() < deadline:
            self._collect()
            time.sleep(_PATIENCE)
