"""Numbers on the command line: finite ones, of a size that computing takes."""

from __future__ import annotations

import math
from typing import Any

import click

from srcore.options.declaration import LARGEST_INTEGER


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


class WholeRange(click.IntRange):
    """click's range of whole numbers, up to the largest there is if it has no limit of its own."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number; fails as click's other types do."""
        number = int(super().convert(value, param, ctx))
        if self.max is None and number > LARGEST_INTEGER:
            self.fail(f"expected a whole number up to {LARGEST_INTEGER}, found {value}", param, ctx)
        return number

    def _describe_range(self) -> str:
        """For ``--help``; click says ``x<=None`` where there is no limit."""
        return "" if self.min is None and self.max is None else super()._describe_range()
