"""The trials of a grid and those by lot, which are known before the first one begins."""

from __future__ import annotations

import itertools
import math
import random

from srcore.config.sweep_table import ParameterTable, SweepTable, SweptValue
from srcore.trials.parameters import choices, drawn_value

#: Values of the keys of a trial.
Values = dict[str, SweptValue]
#: Trials of a sweep, at most.
MOST_TRIALS = 10_000
#: Draws in a row that give nothing new: few combinations are left, or none.
_MOST_REPEATS = 1000


def listed_trials(sweep: SweepTable) -> list[Values] | None:
    """The values of all trials in their order; None if they depend on what trials reach.

    A random sweep with more trials begins with those of one with fewer. No two trials are equal:
    where there are fewer combinations than trials, there are fewer trials.
    """
    if sweep.search == "grid":
        keys = [it.key for it in sweep.parameters]
        combined = itertools.product(*map(choices, sweep.parameters))
        return [dict(zip(keys, values, strict=True)) for values in combined]
    if sweep.search == "random":
        return random_trials(sweep, sweep.trials)
    return None


def grid_size(parameters: tuple[ParameterTable, ...]) -> int:
    """How many trials a grid has."""
    return math.prod(len(choices(it)) for it in parameters)


def random_trials(sweep: SweepTable, count: int) -> list[Values]:
    """Trials by lot, of which none comes twice."""
    drawn: dict[tuple[SweptValue, ...], Values] = {}
    draw = repeats = 0
    while len(drawn) < count and repeats < _MOST_REPEATS:
        source = random.Random(f"{sweep.seed}/{draw}")  # from text: the same in every Python
        values = {it.key: drawn_value(it, source) for it in sweep.parameters}
        draw += 1
        name = tuple(values.values())
        repeats = repeats + 1 if name in drawn else 0
        drawn.setdefault(name, values)
    return list(drawn.values())
