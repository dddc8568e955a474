"""Numbers on the command line: finite ones."""

from __future__ import annotations

import math
from typing import Any

import click


class FiniteRange(click.FloatRange):
    """click's range of numbers, without NaN, which compares with nothing, and infinity."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The number; fails as click's other types do."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"expected a finite number, found {value}", param, ctx)
        return number

    def _describe_range(self) -> str:
        """For ``--help``; click says ``x<=None`` where there is no limit."""
        return "" if self.min is None and self.max is None else super()._describe_range()
