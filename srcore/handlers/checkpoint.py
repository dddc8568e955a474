"""Saves the state of a training when it is due."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ignite.engine import Engine

from srcore.engine.events import TrainingEvents

if TYPE_CHECKING:
    from srcore.engine.parts import Parts
    from srcore.engine.run import Run
    from srcore.engine.state import TrainingState


class DueCheckpoint:
    """Writes ``checkpoints/last.pt`` and what is made of it."""

    def attach(self, run: Run, parts: Parts, trainer: Engine, evaluator: Engine) -> None:
        """Save when the loop says so: before every validation, and every so many iterations."""
        state = run.in_training.state
        trainer.add_event_handler(TrainingEvents.CHECKPOINT_DUE, self._save, state)

    def _save(self, trainer: Engine, state: TrainingState) -> None:
        state.save()
