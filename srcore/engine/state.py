"""The state of a training: saved, continued after a break, rescued after an error."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from ignite import distributed as idist

from srcore.engine import contents
from srcore.engine.events import TrainingEvents
from srcore.engine.extending import extension_concerns
from srcore.engine.finiteness import Finiteness
from srcore.engine.rollback import Rollback
from srcore.engine.untouched import Untouched
from srcore.errors import SrcoreError
from srcore.runs import checkpoint, exports
from srcore.runs.recovery import starting_state

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ignite.engine import Engine

    from srcore.engine.best import Best
    from srcore.engine.parts import Parts
    from srcore.engine.performance import Performance
    from srcore.engine.run import Run
    from srcore.engine.tally import Tally

logger = logging.getLogger("srcore")


class TrainingState:
    """Everything that a checkpoint holds, and the files that are made of it.

    Args:
        run: the stage.
        parts: what is trained.
        others: further objects with state by name: the method, handlers.
        tally: what was counted.
        best: the best validation.
        trainer: fires ``CHECKPOINT_SAVED``.
        performance: knows how long saving takes.

    Attributes:
        saved_at: iteration of the last checkpoint; -1: there is none.
    """

    def __init__(
        self,
        run: Run,
        parts: Parts,
        others: Mapping[str, Any],
        tally: Tally,
        best: Best,
        trainer: Engine,
        performance: Performance,
    ) -> None:
        self.run = run
        self.parts = parts
        self.others = others
        self.tally = tally
        self.best = best
        self.trainer = trainer
        self.performance = performance
        self.saved_at = -1
        self._finiteness = Finiteness(parts)
        self._rollback = Rollback(
            parts, {"method": others["method"]}, enabled=run.experiment.train.nan_skips > 0
        )
        self._untouched = Untouched(parts, others)
        self._in_iteration = False
        self._is_saving = False
        self._is_rescued = False
        self._is_proven = False

    def begin_iteration(self, iteration: int, *, watch_norm: bool) -> None:
        """Prepare the parts; from here on the state is that of no whole iteration."""
        self._in_iteration = True
        self._untouched.remember()
        self.parts.begin(iteration, watch_norm=watch_norm)
        self._rollback.remember()

    def skip_iteration(self) -> None:
        """Put back what the iteration changed."""
        self._rollback.undo()

    def end_iteration(self) -> None:
        """The state is that of a whole iteration again."""
        self._in_iteration = False
        self._rollback.forget()

    def save(self) -> None:
        """Write the last checkpoint and what is made of it; keep old ones if weights went bad.

        Raises:
            SrcoreError: weights are not finite any more.
        """
        bad = self._finiteness.complaint()
        if bad:
            raise SrcoreError(
                f"iteration {self.parts.iteration}: not finite any more: {bad}{self.last_good()}; "
                "a smaller learning rate or gradient clipping usually helps"
            )
        self._write()
        self.trainer.fire_event(TrainingEvents.CHECKPOINT_SAVED)

    def _write(self, *, alone: bool = False) -> None:
        self._is_saving = True
        with self.performance.part("saving"):
            content = self._content(alone=alone)
            if self.run.is_main:
                is_new = self.saved_at != self.parts.iteration
                checkpoint.save_last(
                    self.run.files,
                    content,
                    keep_previous=is_new,
                    prove_for=None if self._is_proven else self.run.experiment,
                )
                self._is_proven = True
            self.saved_at = self.run.iteration = self.parts.iteration
            self._derive()
        self.performance.write()
        self._is_saving = False

    def restore(self) -> None:
        """Continue from the last checkpoint.

        Raises:
            SrcoreError: it cannot be read, or does not fit the experiment.
        """
        run = self.run
        content = starting_state(run.files, run.device, recover=run.recover) if run.resume else None
        if content is not None:
            try:
                self._load(content)
            except (LookupError, TypeError, ValueError, RuntimeError, AttributeError) as error:
                reason = " ".join(str(error).split())[:200]
                raise SrcoreError(
                    f"{run.files.last}: does not fit the experiment ({reason}); choose "
                    "another name, or start anew with --overwrite"
                ) from error
            logger.info("resumed at iteration %d from %s", self.saved_at, run.files.last)
            self._derive()
            self.best.restore(self.saved_at)
            self._heed_changes()

    def rescue(self) -> None:
        """After an error: save what the last whole iteration left, or say why that is not possible.

        Other processes may have ended, or wait for this one: nothing is done together with them.
        """
        iteration = self.parts.iteration - self._in_iteration
        if self._is_rescued or self._is_saving or iteration <= max(self.saved_at, 0):
            return
        self._is_rescued = True
        obstacle = self._obstacle()
        if obstacle:
            logger.warning(
                "iterations after %d are not saved, since %s%s",
                max(self.saved_at, 0),
                obstacle,
                self.last_good(),
            )
            return
        if self._in_iteration:
            self._rollback.undo()
            self.parts.iteration = iteration
            self._in_iteration = False
        if self._finiteness.complaint():
            return
        try:
            self._write(alone=True)
        except SrcoreError as second:  # must not hide what ended the training
            logger.error("%s", second)
            return
        if idist.get_world_size() == 1:
            self.trainer.fire_event(TrainingEvents.CHECKPOINT_SAVED)

    def _obstacle(self) -> str:
        """Why the state of the last whole iteration is not known, or an empty string."""
        if idist.get_world_size() > 1 and self.run.device.type != "cpu":
            return "the device may wait for other processes"
        is_known = idist.get_world_size() == 1 or self.tally.everyone
        if not is_known or contents.is_of_all_processes(self.parts, self.others):
            return "other processes hold a part of the state"
        if self._in_iteration and not (self._rollback.enabled or self._untouched.holds()):
            return f"iteration {self.parts.iteration} had begun to change what is trained"
        return ""

    def last_good(self) -> str:
        """What there is to go on from, for messages."""
        if self.saved_at < 0:
            return "; no checkpoint had been written yet"
        path = self.run.files.last
        return f"; the last good checkpoint is {path} of iteration {self.saved_at}"

    def _content(self, *, alone: bool) -> dict[str, Any]:
        """What all processes know; unless alone all must call it, and the main one writes it."""
        own = self.tally.own_state_dict()
        known = self.tally.everyone[1:] if alone else None
        trained = contents.training_state(self.parts, self.others, own, other_ranks=known)
        return {**trained, "best": self.best.judged, **self.tally.state_dict()}

    def _load(self, content: dict[str, Any]) -> None:
        content = contents.of_this_process(content)
        contents.restore_training_state(self.parts, content, self.others)
        self.tally.load_state_dict(content)
        self.best.judged = dict(content["best"])
        self.saved_at = self.run.iteration = self.parts.iteration

    def _heed_changes(self) -> None:
        """Tell what a longer training does otherwise; measure anew with other metrics or images."""
        for change in self.run.changes:
            if change.key != "train.iterations" or not self.saved_at:
                continue
            for what in extension_concerns(self.parts, self.others["method"]):
                logger.warning(
                    "%s: %s goes by the share of the training that is done; the weights will "
                    "differ from those of a run of %d iterations without a break",
                    change,
                    what,
                    change.now,
                )
        if self.run.measures_anew:
            self.best.judged = {}
            logger.info("metrics or validation images are others: the best is chosen anew")
            if self.tally.validated_at == self.saved_at:
                self.tally.validated_at -= 1

    def _derive(self) -> None:
        """Make what is made of the last checkpoint, unless it is there already."""
        if not self.run.is_main:
            return
        iteration, every = self.parts.iteration, self.run.experiment.train.keep_every
        if every and iteration and iteration % every == 0:
            kept = self.run.files.checkpoint_at(iteration)
            checkpoint.copy(self.run.files.last, kept)
        with self.parts.evaluating():
            for name, made in self.parts.roles.items():
                if made.role.exported:
                    path, state = self.run.files.network(name), made.exported_state()
                    exports.export_network(
                        path, self.run.experiment, self.run.plugins.registry, state, iteration, name
                    )
