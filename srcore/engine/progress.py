"""What a user sees while training: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from srcore.machine.terminal import width

if TYPE_CHECKING:
    from srcore.engine.parts import Parts
    from srcore.engine.run import Run

logger = logging.getLogger("srcore")


class Progress:
    """Shows iterations, losses and validation of one stage; silent on all but the main process."""

    def __init__(self, run: Run, parts: Parts) -> None:
        self.run = run
        self.parts = parts
        self.shown: dict[str, str] = {}
        self.on_terminal = run.is_main and not run.quiet and sys.stderr.isatty()
        self.bar: tqdm[Any] | None = None

    def __enter__(self) -> Progress:
        if self.on_terminal:
            self.bar = tqdm(
                total=self.run.experiment.train.iterations,
                initial=self.parts.iteration,
                desc=self.run.stage or self.run.experiment.name,
                unit="it",
                smoothing=0.05,
                **width(),
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.bar is not None:
            self.bar.close()

    def tick(self) -> None:
        """One iteration is done."""
        if self.bar is not None:
            self.bar.update()

    def show_losses(self, iteration: int, values: Mapping[str, float], speed: str = "") -> None:
        """Log lines and bar postfix of the training losses."""
        if not self.run.is_main:
            return
        text = "  ".join(f"{name} {value:.4g}" for name, value in values.items())
        level = logging.INFO if self.bar is None else logging.DEBUG
        total = self.run.experiment.train.iterations
        end = f"  ({speed})" if speed else ""
        logger.log(level, "iteration %d/%d: %s%s", iteration, total, text, end)
        first = next(iter(values), None)
        if self.bar is not None and first is not None:
            self.shown[first] = f"{values[first]:.4g}"
            self.bar.set_postfix(self.shown, refresh=False)

    def show_validation(
        self, values: Mapping[str, float], bicubic: Mapping[str, Mapping[str, float]] | None = None
    ) -> None:
        """Log line with bicubic beside, and bar postfix of a validation."""
        if not self.run.is_main or not values:
            return
        iteration = self.parts.iteration
        text = ", ".join(
            f"{name} {value:.4f}{_beside(name, bicubic or {})}" for name, value in values.items()
        )
        logger.info("validation at iteration %d: %s", iteration, text)
        if self.bar is not None:
            name = next(iter(values))
            self.shown[name] = f"{values[name]:.2f}"
            self.bar.set_postfix(self.shown, refresh=False)


def _beside(name: str, bicubic: Mapping[str, Mapping[str, float]]) -> str:
    set_name, _, metric = name.partition("/")
    value = bicubic.get(set_name, {}).get(metric)
    return "" if value is None else f" (bicubic {value:.4f})"
