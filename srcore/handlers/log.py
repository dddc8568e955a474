"""Lines of the log: values of the training and of validations."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ignite.engine import Engine

from srcore.engine.events import TrainingEvents
from srcore.handlers.progress import has_bar

if TYPE_CHECKING:
    from srcore.engine.parts import Parts
    from srcore.engine.performance import Performance
    from srcore.engine.run import Run

logger = logging.getLogger("srcore")


class Log:
    """Says what ``metrics.jsonl`` holds, with speed and bicubic enlargement beside."""

    def attach(self, run: Run, parts: Parts, trainer: Engine, evaluator: Engine) -> None:
        """Beside a progress bar the values of the training go to the log file only."""
        if not run.is_main:
            return
        level = logging.DEBUG if has_bar(run) else logging.INFO
        performance, total = run.in_training.performance, run.experiment.train.iterations
        trainer.add_event_handler(
            TrainingEvents.VALUES_LOGGED, self._values, parts, performance, total, level
        )
        trainer.add_event_handler(
            TrainingEvents.VALIDATION_COMPLETED, self._validation, parts, evaluator
        )

    def _values(
        self, trainer: Engine, parts: Parts, performance: Performance, total: int, level: int
    ) -> None:
        iteration = parts.iteration
        text = "  ".join(f"{name} {value:.4g}" for name, value in trainer.state.metrics.items())
        speed = performance.line(iteration)
        logger.log(level, "iteration %d/%d: %s  (%s)", iteration, total, text, speed)

    def _validation(self, trainer: Engine, parts: Parts, evaluator: Engine) -> None:
        bicubic: Mapping[str, float] = evaluator.state.bicubic  # type: ignore[attr-defined]  # Ignite's state is open
        text = ", ".join(
            f"{name} {value:.4f}" + (f" (bicubic {bicubic[name]:.4f})" if name in bicubic else "")
            for name, value in evaluator.state.metrics.items()
        )
        if text:
            logger.info("validation at iteration %d: %s", parts.iteration, text)
