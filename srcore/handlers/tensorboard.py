"""Training values, validations and pictures for TensorBoard."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

import numpy as np
from ignite.engine import Engine

from srcore.engine.events import TrainingEvents
from srcore.images import read_image

if TYPE_CHECKING:
    from collections.abc import Mapping

    from srcore.engine.parts import Parts
    from srcore.engine.run import Run


class Tensorboard:
    """Writes what ``metrics.jsonl`` holds, and the pictures of validations; main process only."""

    def __init__(self) -> None:
        self.board: Any = None

    def attach(self, run: Run, parts: Parts, trainer: Engine, evaluator: Engine) -> None:
        """Open the files of the run, if TensorBoard is installed and wanted."""
        wanted = run.is_main and run.experiment.train.tensorboard
        if not wanted or importlib.util.find_spec("tensorboard") is None:
            return
        from ignite.handlers import TensorboardLogger

        # points that a killed run wrote after its last checkpoint are hidden by purge_step
        step = parts.iteration + 1
        self.board = TensorboardLogger(log_dir=str(run.files.tensorboard), purge_step=step).writer
        trainer.add_event_handler(TrainingEvents.VALUES_LOGGED, self._write_values, parts)
        trainer.add_event_handler(
            TrainingEvents.VALIDATION_COMPLETED, self._write_validation, parts, evaluator
        )

    def close(self) -> None:
        """Write what is not written yet."""
        if self.board is not None:
            self.board.close()

    def _write_values(self, trainer: Engine, parts: Parts) -> None:
        self._scalars("train", parts.iteration, trainer.state.metrics)

    def _write_validation(self, trainer: Engine, parts: Parts, evaluator: Engine) -> None:
        self._scalars("validation", parts.iteration, evaluator.state.metrics)
        for path in evaluator.state.pictures:  # type: ignore[attr-defined]  # Ignite's state is open
            image = np.asarray(read_image(path))
            self.board.add_image(path.stem, image, parts.iteration, dataformats="HWC")

    def _scalars(self, group: str, iteration: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self.board.add_scalar(f"{group}/{name}", value, iteration)
