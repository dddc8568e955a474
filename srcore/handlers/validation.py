"""Measures the generator on the validation sets when it is due."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ignite.engine import Engine

from srcore.engine.events import TrainingEvents
from srcore.engine.validation import by_set_and_metric

if TYPE_CHECKING:
    from srcore.engine.parts import Parts
    from srcore.engine.run import Run
    from srcore.engine.training import Training


class DueValidation:
    """Runs the evaluator, judges what it found, and keeps the best generator."""

    def attach(self, run: Run, parts: Parts, trainer: Engine, evaluator: Engine) -> None:
        """Validate when the loop says so; the state is saved: a validation never costs it."""
        trainer.add_event_handler(TrainingEvents.VALIDATION_DUE, self._validate, run.in_training)

    def _validate(self, trainer: Engine, training: Training) -> None:
        with training.performance.part("validation"):
            iteration, tally, best = training.parts.iteration, training.tally, training.best
            training.validation.bicubic()
            with training.parts.evaluating():
                tally.results = training.validation.measure(iteration)
            tally.validated_at = iteration
            averages = by_set_and_metric(tally.results)
            is_best = best.judge(averages, training.validation.pooled)
            trainer.fire_event(TrainingEvents.VALIDATION_COMPLETED)
            training.state.save()
            if is_best:
                best.keep()
