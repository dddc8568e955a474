"""Learning rates that begin when the warm-up ends; most go by the length of the stage.

After a warm-up of ``W`` iterations (:class:`srcore.optimization.schedules.Constant`) iteration
``W`` is the first at the base rate. From there on ``t`` counts from 0, and ``n`` iterations are
left, that one among them: a schedule that ends at 0 would be there in the one after the last.
"""

from __future__ import annotations

import math
from typing import Literal

import attrs

from srcore.optimization.options import (
    ExponentialOptions,
    OneCycleOptions,
    PolynomialOptions,
    StepOptions,
    WarmupCosineOptions,
    WsdOptions,
)
from srcore.optimization.schedules import Constant
from srcore.options.declaration import defaults

_ONE_CYCLE, _WSD = defaults(OneCycleOptions), defaults(WsdOptions)


@attrs.frozen(kw_only=True)
class AfterWarmup(Constant):
    """What begins when the warm-up ends."""

    @property
    def before(self) -> int:
        """Iterations before the first one at the base rate."""
        return max(self.warmup_iterations - 1, 0)

    def passed(self, iteration: int) -> int:
        """Iterations since then, ``t``."""
        return max(iteration - 1 - self.before, 0)


@attrs.frozen(kw_only=True)
class Exponential(AfterWarmup):
    """``base * gamma^t``.

    >>> rate = Exponential(gamma=0.5)
    >>> [round(rate(1.0, iteration), 3) for iteration in range(1, 7)]
    [1.0, 0.5, 0.25, 0.125, 0.062, 0.031]
    """

    gamma: float = defaults(ExponentialOptions).gamma

    def scheduled(self, base: float, iteration: int) -> float:
        """The rate without warm-up."""
        return float(base * self.gamma ** self.passed(iteration))


@attrs.frozen(kw_only=True)
class EqualSteps(AfterWarmup):
    """``base * gamma^floor(t / every)``.

    >>> rate = EqualSteps(every=2)
    >>> [round(rate(1.0, iteration), 3) for iteration in range(1, 7)]
    [1.0, 1.0, 0.5, 0.5, 0.25, 0.25]
    """

    every: int
    gamma: float = defaults(StepOptions).gamma

    def scheduled(self, base: float, iteration: int) -> float:
        """The rate without warm-up."""
        return float(base * self.gamma ** (self.passed(iteration) // self.every))


@attrs.frozen(kw_only=True)
class Decaying(AfterWarmup):
    """A factor of the base rate that goes by the share of the stage that is done."""

    iterations: int

    def scheduled(self, base: float, iteration: int) -> float:
        """The rate without warm-up."""
        left = max(self.iterations - self.before, 1)
        return base * self.factor(min(self.passed(iteration), left), left)

    def factor(self, t: int, n: int) -> float:
        """Factor of the base rate, ``t`` of ``n`` iterations after the warm-up."""
        raise NotImplementedError


@attrs.frozen(kw_only=True)
class WarmupCosine(Decaying):
    """``f + (1 - f) (1 + cos(pi t / n)) / 2`` with the final factor ``f``.

    One cycle of SGDR (Loshchilov and Hutter, 2017, equation 5) after the warm-up.

    >>> rate = WarmupCosine(iterations=6, warmup_iterations=3)
    >>> [round(rate(1.0, iteration), 3) for iteration in range(1, 7)]
    [0.333, 0.667, 1.0, 0.854, 0.5, 0.146]
    """

    final_factor: float = defaults(WarmupCosineOptions).final_factor

    def factor(self, t: int, n: int) -> float:
        """Factor of the base rate."""
        return self.final_factor + (1 - self.final_factor) * (1 + math.cos(math.pi * t / n)) / 2


@attrs.frozen(kw_only=True)
class Polynomial(Decaying):
    """``f + (1 - f) (1 - t / n)^p`` with the final factor ``f`` and the power ``p``.

    >>> rate = Polynomial(iterations=4)
    >>> [round(rate(1.0, iteration), 3) for iteration in range(1, 7)]
    [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]
    """

    power: float = defaults(PolynomialOptions).power
    final_factor: float = defaults(PolynomialOptions).final_factor

    def factor(self, t: int, n: int) -> float:
        """Factor of the base rate."""
        left = float((1 - t / n) ** self.power)
        return self.final_factor + (1 - self.final_factor) * left


@attrs.frozen(kw_only=True)
class Rex(Decaying):
    """``(1 - p) / (1/2 + (1 - p) / 2)`` with ``p = t / n`` (Chen et al. 2021, arXiv 2107.04197).

    >>> rate = Rex(iterations=4)
    >>> [round(rate(1.0, iteration), 3) for iteration in range(1, 7)]
    [1.0, 0.857, 0.667, 0.4, 0.0, 0.0]
    """

    def factor(self, t: int, n: int) -> float:
        """Factor of the base rate."""
        left = 1 - t / n
        return left / (0.5 + left / 2)


@attrs.frozen(kw_only=True)
class Wsd(Decaying):
    """Warm-up, stable, decay (Hu et al. 2024, arXiv 2404.06395).

    The rate stays until the last ``decay_share`` of ``n`` and falls then, with ``x`` from 0 to 1:
    ``f + (1 - f) g(x)``, where ``g`` is ``1 - x``, ``(1 + cos(pi x)) / 2`` or ``1 - sqrt(x)`` (the
    last by Hägele et al. 2024, arXiv 2405.18392).

    >>> rate = Wsd(iterations=6, decay_share=0.5)
    >>> [round(rate(1.0, iteration), 3) for iteration in range(1, 7)]
    [1.0, 1.0, 1.0, 1.0, 0.667, 0.333]
    """

    decay_share: float = _WSD.decay_share
    shape: Literal["linear", "cosine", "sqrt"] = _WSD.shape
    final_factor: float = _WSD.final_factor

    def factor(self, t: int, n: int) -> float:
        """Factor of the base rate."""
        x = max(t - n * (1 - self.decay_share), 0) / (n * self.decay_share)
        if self.shape == "cosine":
            fallen = (1 + math.cos(math.pi * x)) / 2
        else:
            fallen = 1 - (math.sqrt(x) if self.shape == "sqrt" else x)
        return self.final_factor + (1 - self.final_factor) * fallen


@attrs.frozen(kw_only=True)
class OneCycle:
    """One cycle up and down (Smith and Topin 2018, arXiv 1708.07120), as ``OneCycleLR`` of torch.

    From ``base / start_divisor`` up to ``base`` in the first ``up_share``, down to
    ``base / start_divisor / end_divisor`` in the last iteration, each along half a cosine. Momentum
    stays what it is.

    >>> rate = OneCycle(iterations=6)
    >>> [round(rate(1.0, iteration), 3) for iteration in range(1, 7)]
    [0.04, 0.994, 0.812, 0.463, 0.133, 0.0]
    """

    up_share: float = _ONE_CYCLE.up_share
    start_divisor: float = _ONE_CYCLE.start_divisor
    end_divisor: float = _ONE_CYCLE.end_divisor
    iterations: int

    def __call__(self, base: float, iteration: int) -> float:
        """Learning rate in force during ``iteration`` (1-based)."""
        start = base / self.start_divisor
        end, top, t = start / self.end_divisor, self.up_share * self.iterations - 1, iteration - 1
        if t <= top:
            return _between(start, base, t / top)
        return _between(base, end, min((t - top) / max(self.iterations - 1 - top, 1e-9), 1.0))


def _between(first: float, last: float, share: float) -> float:
    return last + (first - last) * (1 + math.cos(math.pi * share)) / 2
