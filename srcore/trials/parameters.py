"""A parameter of a sweep: its values in a grid, by lot, and as an assignment to its key."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator

from srcore.config.sweep_table import ParameterTable, SweptValue

#: Steps of a parameter, at most.
MOST_STEPS = 10_000


def complaints_about(parameter: ParameterTable) -> Iterator[tuple[str, str]]:
    """What keeps a parameter from having values, as (key, message)."""
    low, high = parameter.low, parameter.high
    if parameter.values and not (low is high is parameter.step is None):
        yield "values", "expected values, or low and high; found both"
    elif not parameter.values and (low is None or high is None):
        yield "values", 'expected values = [...], or low and high, such as "low = 1, high = 8"'
    elif low is not None and high is not None:
        if not low < high:
            yield "high", f"expected a number > low = {low:g}, found {high:g}"
        if parameter.log and low <= 0:
            yield "low", f"expected a number > 0 for log = true, found {low:g}"
        if parameter.log and parameter.step is not None:
            yield "step", "expected no step beside log = true; list the values instead"
        if parameter.step is not None and (high - low) / parameter.step > MOST_STEPS:
            yield "step", f"expected at most {MOST_STEPS} steps, found more"
    if len(set(map(_apart, parameter.values))) < len(parameter.values):
        yield "values", "expected different values, found one twice"
    if parameter.log and parameter.values:
        yield "log", "has no effect on values; found both"


def _apart(value: SweptValue) -> tuple[type, SweptValue]:
    return type(value), value  # true is no 1


def choices(parameter: ParameterTable) -> tuple[SweptValue, ...]:
    """All that a parameter may be; empty if it is any number between two."""
    if parameter.values or parameter.step is None:
        return parameter.values
    assert parameter.low is not None
    assert parameter.high is not None
    count = int((parameter.high - parameter.low) / parameter.step * (1 + 1e-12)) + 1
    return tuple(written_number(parameter.low + at * parameter.step) for at in range(count))


def drawn_value(parameter: ParameterTable, source: random.Random) -> SweptValue:
    """A value by lot."""
    known = choices(parameter)
    if known:
        return known[int(source.random() * len(known))]
    assert parameter.low is not None
    assert parameter.high is not None
    return number_between(parameter, source.random())


def number_between(parameter: ParameterTable, share: float) -> SweptValue:
    """The number at a share, in [0, 1], of the way from low to high."""
    assert parameter.low is not None
    assert parameter.high is not None
    low, high = parameter.low, parameter.high
    if parameter.log:
        value = math.exp(math.log(low) + share * (math.log(high) - math.log(low)))
    else:
        value = low + share * (high - low)
    return written_number(min(max(float(f"{value:.6g}"), low), high))


def written_number(value: float) -> int | float:
    """A number of as many digits as people write; whole ones fit keys of both sorts."""
    value = float(f"{value:.12g}")
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def tried_values(parameter: ParameterTable) -> tuple[SweptValue, ...]:
    """Values that show whether all others would do: all choices, or both ends and a middle."""
    if parameter.values:
        return parameter.values
    known = choices(parameter)
    if known:
        return known[0], known[-1]
    return (
        number_between(parameter, 0.0),
        number_between(parameter, 0.3819),
        number_between(parameter, 1.0),
    )


def assignment(key: str, value: SweptValue) -> str:
    """What is written after ``--set``; :mod:`srcore.config.overrides` reads it.

    >>> assignment("losses[0].type", "l1"), assignment("train.compile", True)
    ('losses[0].type="l1"', 'train.compile=true')
    """
    return f"{key}={json.dumps(value, ensure_ascii=False)}"
