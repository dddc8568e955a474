"""Rows of ``metrics.jsonl`` and ``metrics.csv``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ignite.engine import Engine

from srcore.engine.events import TrainingEvents
from srcore.runs.folder import TRAINING_PHASE
from srcore.runs.records import Records

if TYPE_CHECKING:
    from srcore.engine.parts import Parts
    from srcore.engine.run import Run
    from srcore.engine.tally import Tally


class Recorder:
    """Writes down values of the training and of validations; main process only."""

    def attach(self, run: Run, parts: Parts, trainer: Engine, evaluator: Engine) -> None:
        """Drop what a killed run wrote after its checkpoint, and go on behind it."""
        if not run.is_main:
            return
        training = run.in_training
        records = Records(
            run.folder,
            keep_until=training.state.saved_at,
            validated_at=training.tally.validated_at,
        )
        trainer.add_event_handler(TrainingEvents.VALUES_LOGGED, self._values, parts, records)
        trainer.add_event_handler(
            TrainingEvents.VALIDATION_COMPLETED, self._validation, parts, training.tally, records
        )

    def _values(self, trainer: Engine, parts: Parts, records: Records) -> None:
        records.add(parts.iteration, TRAINING_PHASE, trainer.state.metrics)

    def _validation(self, trainer: Engine, parts: Parts, tally: Tally, records: Records) -> None:
        for name, values in tally.results.items():
            records.add(parts.iteration, name, values)
