"""Texts of others inside our messages: one line stays one line, whatever a value or name holds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from typing import Any

#: Longest line of a message; a list of shipped experiments fits.
LONGEST_LINE = 4000
#: Longest value inside a line.
LONGEST_VALUE = 80


def one_line(text: str) -> str:
    r"""``text`` with escapes for what ends or disturbs a line: control characters, line ends.

    >>> one_line("a\nb\u2028c\x1b[31m")
    'a\\nb\\u2028c\\x1b[31m'
    """
    if not text.isprintable():
        text = "".join(map(_visible, text))
    return shortened(text, LONGEST_LINE)


def shortened(text: str, longest: int = LONGEST_VALUE) -> str:
    """``text``, without its middle where it is too long."""
    if len(text) <= longest:
        return text
    end = longest // 3
    return f"{text[: longest - end - 5]} ... {text[-end:]}"


def shown(value: Any) -> str:
    """A TOML value as messages show it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{shortened(value)}"'
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, (list, tuple)):
        return _list(value)
    return shortened(str(value) if isinstance(value, (date, time)) else repr(value))


def _list(values: list[Any] | tuple[Any, ...]) -> str:
    items, length = [], 0
    for value in values:
        items.append(shown(value))
        length += len(items[-1]) + 2
        if length > LONGEST_VALUE:
            items.append("...")
            break
    return f"[{', '.join(items)}]"


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")
