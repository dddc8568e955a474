"""Axes: the range that a chart shows, where its ticks are, and how numbers are written."""

from __future__ import annotations

import math
from collections.abc import Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

_LOG_FROM = 30.0  # ratio of the largest to the smallest value from which a log scale reads better


@attrs.frozen
class Axis:
    """A range of values and its ticks.

    Attributes:
        low, high: ends of the axis.
        ticks: values with a label.
        log: whether distances are those of logarithms.
    """

    low: float
    high: float
    ticks: tuple[float, ...]
    log: bool = False

    def share(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where values of any shape lie: 0 at ``low``, 1 at ``high``."""
        if self.log:
            low, high = math.log10(self.low), math.log10(self.high)
            return np.asarray((np.log10(values) - low) / (high - low))
        return np.asarray((values - self.low) / (self.high - self.low))

    @property
    def labels(self) -> tuple[tuple[float, str], ...]:
        """Position between 0 and 1 and text of every tick."""
        places = self.share(np.asarray(self.ticks, np.float64))
        return tuple(zip(places.tolist(), (number(tick) for tick in self.ticks), strict=True))


def value_axis(values: NDArray[np.float64], *, allow_log: bool) -> Axis:
    """A vertical axis for finite values; logarithmic where all are positive and span decades.

    Values are ``(count,)``.
    """
    low, high = float(values.min()), float(values.max())
    if allow_log and low > 0 and high / low >= _LOG_FROM:
        return _log_axis(low, high)
    if low == high:
        margin = abs(low) * 0.05 or 1.0
        low, high = low - margin, high + margin
    ticks = nice_ticks(low, high, 5)
    margin = 0.04 * (high - low)
    return Axis(low - margin, high + margin, tuple(t for t in ticks if low - margin <= t))


def iteration_axis(first: int, last: int) -> Axis:
    """A horizontal axis from 0 (or the first iteration of a short window) to the last."""
    low = 0.0 if first <= 0.5 * last or first == last else float(first)
    high = float(max(last, 1))
    return Axis(low, high, tuple(t for t in nice_ticks(low, high, 5) if t <= high))


def nice_ticks(low: float, high: float, about: int) -> Sequence[float]:
    """Multiples of 1, 2 or 5 times a power of ten inside a range, at most ``about + 1``."""
    step = (high - low) / about
    power = 10.0 ** math.floor(math.log10(step))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= step * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(index * step, 12) for index in range(first, last + 1)]


def number(value: float) -> str:
    """A short label: ``250k``, ``1.5M``, ``0.02``, ``1e-6``."""
    size = abs(value)
    if size >= 1e6:
        return f"{value / 1e6:.4g}M"
    if size >= 1e4:
        return f"{value / 1e3:.4g}k"
    if size and size < 1e-3:
        mantissa, _, exponent = f"{value:.1e}".partition("e")
        return f"{mantissa.removesuffix('.0')}e{int(exponent)}"
    return f"{value:.5g}"


def _log_axis(low: float, high: float) -> Axis:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    stride = max(1, math.ceil((last - first) / 5))
    factors = (1, 2, 5) if last - first <= 2 else (1,)
    ticks = [f * 10.0**e for e in range(first, last + 1, stride) for f in factors]
    bottom, top = low / 1.15, high * 1.15
    return Axis(bottom, top, tuple(t for t in ticks if bottom <= t <= top), log=True)
