"""Texts of others inside our messages: one line stays one line, whatever a value or name holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, time
from typing import Any

#: Longest line of a message; a list of shipped experiments fits.
LONGEST_LINE = 4000
#: Longest value inside a line.
LONGEST_VALUE = 80
#: Names of a list that are told.
_SHOWN = 8


def one_line(text: str) -> str:
    r"""``text`` with escapes for what ends or disturbs a line: control characters, line ends.

    >>> one_line("a\nb\u2028c\x1b[31m")
    'a\\nb\\u2028c\\x1b[31m'
    """
    if not text.isprintable():
        text = "".join(map(_printable, text))
    return shortened(text, LONGEST_LINE)


def shortened(text: str, longest: int = LONGEST_VALUE) -> str:
    """``text``, without its middle where it is too long."""
    if len(text) <= longest:
        return text
    end = longest // 3
    return f"{text[: longest - end - 5]} ... {text[-end:]}"


def shown(value: Any) -> str:
    """A value or name as messages show it: texts in double quotes, others as in TOML.

    >>> shown("psnr"), shown(True), shown((1, "a"))
    ('"psnr"', 'true', '[1, "a"]')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{one_line(shortened(value))}"'
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, (list, tuple)):
        return _list(value)
    return shortened(str(value) if isinstance(value, (date, time)) else repr(value))


def told(value: Any) -> str:
    """A value as messages about results name it: what it is, not what it holds."""
    if value is None or isinstance(value, (bool, int, float, str)):
        said = shown(value) if isinstance(value, str) else repr(value)
        return said if len(said) < 40 else f"a {type(value).__name__}"
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if shape is not None and dtype is not None:
        return f"{type(value).__name__} {tuple(shape)} of {str(dtype).removeprefix('torch.')}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{shown(key)}: {told(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (tuple, list)) and len(value) < 4:
        return f"({', '.join(map(told, value))})"
    return f"a {type(value).__qualname__}"


def _list(values: list[Any] | tuple[Any, ...]) -> str:
    items, length = [], 0
    for value in values:
        items.append(shown(value))
        length += len(items[-1]) + 2
        if length > LONGEST_VALUE:
            items.append("...")
            break
    return f"[{', '.join(items)}]"


def _printable(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")


def some(names: Iterable[str]) -> str:
    """Names for a message: ``a, b, c and 12 more``."""
    names = list(names)
    text = ", ".join(names[:_SHOWN])
    return text if len(names) <= _SHOWN else f"{text} and {len(names) - _SHOWN} more"
