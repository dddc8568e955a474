"""The best generator so far: which one it is, and its two files."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from torch import Tensor

from srcore.capabilities import capability
from srcore.errors import SrcoreError
from srcore.runs import checkpoint, exports

if TYPE_CHECKING:
    from srcore.engine.parts import Parts
    from srcore.engine.run import Run
    from srcore.evaluation.measure import Measure

logger = logging.getLogger("srcore")


class Best:
    """Judges validations by the first metric of the first set and keeps the best state.

    Its checkpoint is a second name of the last one, which already holds the judgement: however a
    run ends between the two, :meth:`restore` finds out.

    Attributes:
        judged: ``score``, ``pooled`` and ``iteration`` of the best validation; empty before one.
    """

    def __init__(self, run: Run, parts: Parts, measures: Sequence[Measure]) -> None:
        self.run = run
        self.parts = parts
        self.judged: dict[str, float] = {}
        self._metrics = {entry.label: entry.metric for entry in measures}

    def judge(self, averages: Mapping[str, float], pooled: Mapping[str, float]) -> bool:
        """Whether a validation is better than all before it.

        Args:
            averages: by ``"<set>/<metric>"``. Of a set without ground truth, its first metric is
                one without reference.
            pooled: likewise, where the mean over images leaves out perfect ones; comparable then.
        """
        if not averages:
            return False
        name = next(iter(averages))
        metric = self._metrics.get(name.partition("/")[2])
        sign = 1 if capability("metric", metric, "higher_is_better") else -1
        now = {"score": sign * averages[name], "iteration": float(self.parts.iteration)}
        if name in pooled:
            now["pooled"] = sign * pooled[name]
        by_pooled = "pooled" in now or "pooled" in self.judged
        if self.judged and _judged(now, pooled=by_pooled) <= _judged(self.judged, pooled=by_pooled):
            return False
        self.judged = now
        return True

    def keep(self) -> None:
        """Give the last checkpoint, just written, its second name, and export its generator."""
        if self.run.is_main:
            checkpoint.copy(self.run.files.last, self.run.files.best)
        self._export(self.parts.iteration)

    def restore(self, saved_at: int) -> None:
        """Compare the files with the judgement of the last checkpoint, which is :attr:`judged`."""
        path = self.run.files.best
        if self.judged.get("iteration") == saved_at:
            self.keep()
            return
        try:
            state = checkpoint.load_checkpoint(path, self.run.device) if path.exists() else None
        except SrcoreError as error:
            logger.warning("%s", error)
            state = None
        if state is not None:
            networks = state["networks"]
            self.judged = state["best"]
            evaluated = state.get("evaluated", {}).get("generator")
            best = evaluated or networks.get("ema", networks["generator"])
            self._export(state["iteration"], best)
        elif self.judged:
            logger.warning("%s is lost: the next validation counts as the best", path)
            self.judged = {}

    def _export(self, iteration: int, state: Mapping[str, Tensor] | None = None) -> None:
        if self.run.is_main:
            file = self.run.files.best_generator
            with self.parts.evaluating():
                chosen = self.parts.roles["generator"].exported_state(state)
                registry = self.run.plugins.registry
                exports.export_network(file, self.run.experiment, registry, chosen, iteration)


def _judged(judgement: Mapping[str, float], *, pooled: bool) -> float:
    return judgement.get("pooled", judgement["score"]) if pooled else judgement["score"]
