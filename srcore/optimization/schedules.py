"""Learning rates as pure functions of the iteration: nothing to save, nothing to resume.

Iterations count from 1. The field's schedulers advance before every iteration except the first,
so the rate of iteration ``i`` is the one after ``t = i - 1`` advances; a milestone ``m`` therefore
first acts in iteration ``m + 1``.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import attrs

from srcore.optimization.options import CosineOptions, MultiStepOptions
from srcore.options.declaration import defaults

_MULTISTEP = defaults(MultiStepOptions)


@attrs.frozen(kw_only=True)
class Constant:
    """The base rate, after a linear warm-up: ``base * i / W`` in iterations ``i < W``.

    The published warm-up code continues from the last warm-up value and stays at
    ``base * (W - 1) / W``; here the schedule takes over at its own value.

    >>> rate = Constant(warmup_iterations=4)
    >>> [round(rate(1.0, iteration), 3) for iteration in range(1, 7)]
    [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    """

    warmup_iterations: int = 0

    def __call__(self, base: float, iteration: int) -> float:
        """Learning rate in force during ``iteration`` (1-based)."""
        if iteration < self.warmup_iterations:
            return base * iteration / self.warmup_iterations
        return self.scheduled(base, iteration)

    def scheduled(self, base: float, iteration: int) -> float:
        """The rate without warm-up."""
        return base


@attrs.frozen(kw_only=True)
class MultiStep(Constant):
    """``base * weight_r * gamma^n``: restart ``r`` is the latest, ``n`` milestones came after it.

    A milestone that coincides with a restart has no effect.

    >>> rate = MultiStep(milestones=(2, 4))
    >>> [round(rate(1.0, iteration), 3) for iteration in range(1, 7)]
    [1.0, 1.0, 0.5, 0.5, 0.25, 0.25]
    """

    milestones: Sequence[int] = _MULTISTEP.milestones
    gamma: float = _MULTISTEP.gamma
    restarts: Sequence[int] = _MULTISTEP.restarts
    restart_weights: Sequence[float] = _MULTISTEP.restart_weights
    advance_before_first: bool = _MULTISTEP.advance_before_first

    def scheduled(self, base: float, iteration: int) -> float:
        """The rate without warm-up."""
        step = iteration if self.advance_before_first else iteration - 1
        past = [
            entry
            for entry in zip(self.restarts, self.restart_weights, strict=True)
            if entry[0] <= step
        ]
        restart, weight = max(past, default=(-1, 1.0))
        passed = sum(restart < milestone <= step for milestone in self.milestones)
        return base * weight * self.gamma**passed


@attrs.frozen(kw_only=True)
class Cosine(Constant):
    """Cosine annealing with restarts (SGDR, Loshchilov and Hutter, 2017).

    In a cycle of length P and weight w that starts at S, with ``t = iteration - 1``:
    ``eta_min + w (base - eta_min) (1 + cos(pi (t - S) / P)) / 2``. The end of a cycle belongs to
    the ending cycle, as published. After the last cycle the rate stays at ``eta_min``.

    >>> rate = Cosine(periods=(4,))
    >>> [round(rate(1.0, iteration), 3) for iteration in range(1, 7)]
    [1.0, 0.854, 0.5, 0.146, 0.0, 0.0]
    """

    periods: Sequence[int]
    restart_weights: Sequence[float] | None = None
    eta_min: float = defaults(CosineOptions).eta_min

    def scheduled(self, base: float, iteration: int) -> float:
        """The rate without warm-up."""
        step = iteration - 1
        weights = self.restart_weights or (1.0,) * len(self.periods)
        ends = itertools.accumulate(self.periods)
        for period, weight, end in zip(self.periods, weights, ends, strict=True):
            if step <= end:
                angle = math.pi * (step - end + period) / period
                return self.eta_min + weight * (base - self.eta_min) * (1 + math.cos(angle)) / 2
        return self.eta_min
