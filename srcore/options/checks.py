"""Checks that keys of many components share, and the key of a range; for ``check`` of options."""

from __future__ import annotations

from typing import Any

from srcore.options.declaration import option

#: Lowest and highest; what is drawn lies between.
Range = tuple[float, float]


def odd(size: int) -> str:
    """A complaint about an even size, or an empty string.

    >>> odd(6)
    'expected an odd size, found 6'
    """
    return "" if size % 2 else f"expected an odd size, found {size}"


def ordered(limits: tuple[float, float]) -> str:
    """A complaint about limits of which the first is the higher one, or an empty string.

    >>> ordered((2, 1))
    'expected lowest <= highest, found [2, 1]'
    """
    if limits[0] <= limits[1]:
        return ""
    return f"expected lowest <= highest, found {list(limits)}"


def range_option(default: Range, help: str, **limits: Any) -> Any:
    """Declare the key of a :data:`Range`, whose ends are in order.

    Args:
        default: value when the key is absent.
        help: one phrase with unit, range and the paper's symbol.
        **limits: of both ends, and what else :func:`srcore.option` takes.
    """
    return option(default, help, check=ordered, **limits)
