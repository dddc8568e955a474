"""A run: its folder, its experiment, and what happens around the work of a stage."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import torch

from srcore.config.plain_tables import as_table, write_table
from srcore.config.schema import Experiment
from srcore.engine.signals import StopRequest
from srcore.errors import Interrupted, SrcoreError
from srcore.plugin.manager import PluginManager
from srcore.runs.changes import Change
from srcore.runs.ending import (
    COMPLETE,
    Ending,
    read_ending,
    reason_of,
    write_ending,
)
from srcore.runs.exports import exported_state
from srcore.runs.folder import RunFolder, has_checkpoint

if TYPE_CHECKING:
    from srcore.engine.parts import Parts
    from srcore.engine.training import Training

logger = logging.getLogger("srcore")


@attrs.define
class Run:
    """One stage of an experiment while it runs.

    Attributes:
        folder: where this stage writes.
        experiment: typed tables of this stage.
        stage: name of the stage, empty if the experiment has none.
        stage_folders: folders of all stages by name.
        device: where networks compute.
        plugins: whose components it is made of, and whose hooks are called.
        resume: continue from the last checkpoint if there is one.
        accept_changes: continue although the training is fed with something else.
        recover: continue from the newest good checkpoint if the last one is damaged or missing.
        is_main: whether this process writes files.
        quiet: no progress bar.
        results: what the stage measured at its end.
        stop: whether a signal to stop came.
        stop_reason: why the training is to end early; empty: it is not.
        iteration: the last one whose state is saved; None: none, or a stage without training.
        parts: what is trained, once it is built.
        training: the training around it; see :attr:`in_training`.
        changes: settings that are others than in the run that is resumed.
    """

    folder: Path
    experiment: Experiment
    stage: str
    stage_folders: dict[str, Path]
    device: torch.device
    plugins: PluginManager = attrs.field(repr=False)
    resume: bool = False
    is_main: bool = True
    quiet: bool = False
    recover: bool = False
    accept_changes: bool = False
    results: dict[str, Any] = attrs.field(factory=dict)
    stop: StopRequest = attrs.field(factory=StopRequest)
    stop_reason: str = ""
    iteration: int | None = None
    parts: Parts | None = None
    training: Training | None = None
    changes: list[Change] = attrs.field(factory=list)

    @property
    def in_training(self) -> Training:
        """The training, for handlers: its state, tally, validation, best and performance."""
        assert self.training is not None, "handlers are attached to a training"
        return self.training

    def stop_if_requested(self, done: str) -> None:
        """For tasks, between two pieces of work: end here if a signal came.

        Args:
            done: how far the task is, such as ``"12 of 800 images"``.

        Raises:
            Interrupted: a signal came.
        """
        number = self.stop.signal_number
        if number is not None:
            raise Interrupted(number, f"interrupted after {done}; continue with --resume")

    @property
    def files(self) -> RunFolder:
        """What lies where in :attr:`folder`."""
        return RunFolder(self.folder)

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints."""
        return self.files.checkpoints

    @property
    def has_progress(self) -> bool:
        """Whether there is something to continue; a task is asked itself."""
        return self.experiment.task is not None or has_checkpoint(self.folder)

    @property
    def goes_on(self) -> bool:
        """Whether a training continues from a checkpoint, so that start weights are not read."""
        return self.resume and has_checkpoint(self.folder)

    def finished(self) -> Ending | None:
        """How the stage in this folder ended, if that was a complete end.

        A stage whose exported generator is another one than at its end is not finished.
        """
        try:
            ending = read_ending(self.folder)
        except SrcoreError:
            logger.warning("%s: damaged; made anew", self.files.ending)
            return None
        if ending is None or not ending.complete:
            return None
        return ending if ending.generator in ("", exported_state(self.folder)) else None

    def request_stop(self, reason: str) -> None:
        """End the training after the present iteration: save, validate, export, go on.

        Asked for after the end of an iteration (``ITERATION_COMPLETED``), one more may follow.

        Args:
            reason: what ``finished.json``, report and log say.
        """
        self.stop_reason = reason

    def mark_finished(self, results: dict[str, Any]) -> None:
        """Write down that the stage is complete: the last file of its own work."""
        self.results = results
        planned = self.experiment.train.iterations
        iteration = planned if self.iteration is None else self.iteration
        reason = self.stop_reason or COMPLETE
        self._mark(Ending(iteration, planned, reason, results=results, hooks_called=False))

    def mark_hooks_called(self) -> None:
        """Write down that plugins know that the stage is complete."""
        ending = read_ending(self.folder) if self.is_main else None
        if ending is not None:
            write_ending(self.folder, attrs.evolve(ending, hooks_called=True))

    def mark_ended(self, error: BaseException) -> None:
        """Write down at which iteration a signal or an error ended the stage."""
        if self.iteration is not None:
            planned, reason = self.experiment.train.iterations, reason_of(error)
            self._mark(Ending(self.iteration, planned, reason, False, self.results))

    def _mark(self, ending: Ending) -> None:
        if self.is_main:
            state = exported_state(self.folder)
            write_ending(self.folder, attrs.evolve(ending, generator=state))

    @property
    def measures_anew(self) -> bool:
        """Whether what was measured cannot be compared with what is measured now."""
        return any(change.is_measuring for change in self.changes)

    def write_experiment(self) -> None:
        """Write the resolved experiment, defaults filled in."""
        if self.is_main:
            write_table(self.files.experiment, as_table(self.experiment))
