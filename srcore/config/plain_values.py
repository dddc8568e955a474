"""Strict conversion of numbers, texts, truth values and words: nothing is coerced."""

from __future__ import annotations

import sys
from typing import Any, get_args

from srcore.config.invalid import Invalid
from srcore.errors import Problem
from srcore.messages import shown
from srcore.suggest import closest


def structure_plain(value: Any, cls: type) -> Any:
    """A number, text or truth value of that type; raises :class:`Invalid`."""
    if cls is float and type(value) in (int, float):
        if not -sys.float_info.max <= value <= sys.float_info.max:  # NaN too
            raise Invalid([Problem("", f"expected a finite number, found {shown(value)}")])
        return float(value)
    if cls is int and type(value) is float and value.is_integer() and abs(value) <= 2**53:
        return int(value)  # 1e5; beyond, not every whole number is one
    if cls is str and isinstance(value, str):
        return str(value)
    if type(value) is cls:
        return value
    wanted = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}[cls]
    raise Invalid([Problem("", f"expected {wanted}, found {shown(value)}")])


def structure_literal(value: Any, cls: Any) -> Any:
    """One of the words of a ``Literal``; raises :class:`Invalid`."""
    allowed = get_args(cls)
    plain = str(value) if isinstance(value, str) else value
    if any(plain == entry and type(plain) is type(entry) for entry in allowed):
        return plain
    hint = closest(plain, [str(entry) for entry in allowed]) if isinstance(plain, str) else ""
    wanted = ", ".join(shown(entry) for entry in allowed)
    message = f"expected one of {wanted}, found {shown(value)}"
    raise Invalid([Problem("", f"{message}; {hint}" if hint else message)])
