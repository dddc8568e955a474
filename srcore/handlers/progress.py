"""A progress bar on a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ignite.engine import Engine, Events
from tqdm import tqdm

from srcore.engine.events import TrainingEvents
from srcore.machine.terminal import width

if TYPE_CHECKING:
    from srcore.engine.parts import Parts
    from srcore.engine.run import Run


def has_bar(run: Run) -> bool:
    """Whether the training of a run has a progress bar, so that lines go to the log file only."""
    return run.is_main and not run.quiet and sys.stderr.isatty()


class Progress:
    """Shows iterations, the first loss and the first metric; main process only."""

    def __init__(self) -> None:
        self.bar: tqdm[Any] | None = None
        self.shown: dict[str, str] = {}

    def attach(self, run: Run, parts: Parts, trainer: Engine, evaluator: Engine) -> None:
        """Show a bar from the first iteration on, if there is somebody to look at it."""
        if not has_bar(run):
            return
        trainer.add_event_handler(Events.STARTED, self._open, run, parts)
        trainer.add_event_handler(Events.ITERATION_COMPLETED, self._tick)
        trainer.add_event_handler(TrainingEvents.VALUES_LOGGED, self._show, trainer, ".4g")
        trainer.add_event_handler(TrainingEvents.VALIDATION_COMPLETED, self._show, evaluator, ".2f")

    def close(self) -> None:
        """Leave the bar as it is."""
        if self.bar is not None:
            self.bar.close()

    def _open(self, trainer: Engine, run: Run, parts: Parts) -> None:
        self.bar = tqdm(
            total=run.experiment.train.iterations,
            initial=parts.iteration,
            desc=run.stage or run.experiment.name,
            unit="it",
            smoothing=0.05,
            **width(),
        )

    def _tick(self, trainer: Engine) -> None:
        if self.bar is not None:
            self.bar.update()

    def _show(self, trainer: Engine, engine: Engine, form: str) -> None:
        """The first value that an engine measured."""
        for name, value in list(engine.state.metrics.items())[:1]:
            self.shown[name] = format(value, form)
        if self.bar is not None:
            self.bar.set_postfix(self.shown, refresh=False)
