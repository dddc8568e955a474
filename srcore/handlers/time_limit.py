"""Ends a training after some time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ignite.engine import Engine, Events

if TYPE_CHECKING:
    from srcore.engine.parts import Parts
    from srcore.engine.run import Run


class TimeLimit:
    """Asks for the end of a stage that was trained for some time.

    Time counts from the start of the training, without what lies between a run's end and its
    resume. Several processes end after the same iteration, whoever is over the limit first.

    Args:
        hours: limit.
        minutes: beside the hours.

    >>> limit = TimeLimit(hours=1, minutes=30)
    >>> limit.limit, limit.text, limit.seconds < 60
    (5400, '1 h 30 min', True)
    """

    def __init__(self, hours: float, minutes: float) -> None:
        self.limit = 3600 * hours + 60 * minutes
        self.text = " ".join(
            f"{value:g} {unit}" for value, unit in ((hours, "h"), (minutes, "min")) if value
        )
        self.before = 0.0
        self.started = time.monotonic()

    @property
    def seconds(self) -> float:
        """How long the stage was trained."""
        return self.before + time.monotonic() - self.started

    def attach(self, run: Run, parts: Parts, trainer: Engine, evaluator: Engine) -> None:
        """Look at the clock after every iteration."""
        self.started = time.monotonic()
        trainer.add_event_handler(Events.ITERATION_COMPLETED, self._look, run)
        self._look(trainer, run)

    def state_dict(self) -> dict[str, Any]:
        """Time that is used up."""
        return {"seconds": self.seconds}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on counting."""
        self.before = float(state["seconds"])

    def _look(self, trainer: Engine, run: Run) -> None:
        if self.seconds >= self.limit:
            run.request_stop(f"time limit of {self.text}")
