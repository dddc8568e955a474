"""Ends a training that no longer gets better."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ignite.engine import Engine

from srcore.engine.events import TrainingEvents
from srcore.errors import SrcoreError

if TYPE_CHECKING:
    from srcore.engine.parts import Parts
    from srcore.engine.run import Run


class EarlyStopping:
    """Counts validations whose metric is not better than the best so far.

    A slow gain counts once it has grown beyond the least improvement. With another metric, other
    validation images or other metrics a resumed run counts anew.

    Args:
        patience: so many in a row end the training.
        metric: ``"<set>/<metric>"``; empty: the first.
        min_improvement: what counts must be better by more.

    >>> handler = EarlyStopping(patience=5, metric="set5/psnr_y", min_improvement=0.01)
    >>> handler.state_dict()
    {'metric': 'set5/psnr_y', 'best': None, 'waited': 0}
    """

    def __init__(self, patience: int, metric: str, min_improvement: float) -> None:
        self.patience = patience
        self.metric = metric
        self.min_improvement = min_improvement
        self.best: float | None = None
        self.waited = 0

    def attach(self, run: Run, parts: Parts, trainer: Engine, evaluator: Engine) -> None:
        """Look at every validation; a run that was killed at its end ends at once."""
        if run.measures_anew:
            self.best, self.waited = None, 0
        trainer.add_event_handler(TrainingEvents.VALIDATION_COMPLETED, self._judge, run, evaluator)
        self._stop_if_exhausted(run)

    def state_dict(self) -> dict[str, Any]:
        """How long there was no gain, and against what."""
        return {"metric": self.metric, "best": self.best, "waited": self.waited}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on counting."""
        if state["metric"] == self.metric:
            self.best, self.waited = state["best"], int(state["waited"])

    def _judge(self, trainer: Engine, run: Run, evaluator: Engine) -> None:
        values: dict[str, float] = evaluator.state.metrics
        name = self.metric or next(iter(values), "")
        if name not in values:
            raise SrcoreError(
                f'handler "early_stopping": "{name}" was not measured; '
                f"expected one of {', '.join(values) or 'the metrics of a validation'}"
            )
        higher: dict[str, bool] = evaluator.state.higher_is_better  # type: ignore[attr-defined]  # Ignite's state is open
        value = values[name] if higher[name.partition("/")[2]] else -values[name]
        if self.best is None or value > self.best + self.min_improvement:
            self.best, self.waited = value, 0
        else:
            self.waited += 1
        self._stop_if_exhausted(run)

    def _stop_if_exhausted(self, run: Run) -> None:
        if self.waited >= self.patience:
            what = f"of {self.metric} " if self.metric else ""
            run.request_stop(f"early stopping: no gain {what}in {self.waited} validations")
