"""An experiment that a program gives as a table, made what a file would hold."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from srcore.errors import ConfigError, Problem
from srcore.messages import shown

#: What messages call the place of its keys.
ORIGIN = "the given table"
_PLAIN = (bool, int, float, datetime.date, datetime.time)


def given_table(table: Mapping[str, Any]) -> dict[str, Any]:
    """The table with values as TOML has them: paths as text, tuples as lists, numbers as Python's.

    >>> from pathlib import Path
    >>> given_table({"train": {"betas": (0.9, 0.99)}, "data": {"hr": Path("images")}})
    {'train': {'betas': [0.9, 0.99]}, 'data': {'hr': 'images'}}

    Raises:
        ConfigError: values that no experiment file can hold, all at once.
    """
    problems = [Problem(path, message, ORIGIN) for path, message in _unwritable(table, "")]
    if problems:
        raise ConfigError(problems)
    made: dict[str, Any] = _as_in_files(table)
    return made


def _unwritable(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if isinstance(key, str):
                yield from _unwritable(item, f"{path}.{key}" if path else key)
            else:
                yield path, f"expected keys of text, found {shown(key)}"
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _unwritable(item, f"{path}[{index}]")
    elif value is None:
        yield path, "found None; leave the key out"
    elif not isinstance(_python_number(value), (*_PLAIN, str, PurePath)):
        expected = "expected text, a number, true or false, a list or a table"
        yield path, f"{expected}, found {type(value).__name__}"


def _as_in_files(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _as_in_files(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_as_in_files(item) for item in value]
    value = _python_number(value)
    return str(value) if isinstance(value, (str, PurePath)) else value


def _python_number(value: Any) -> Any:
    """A number of NumPy or a tensor of one value as Python's own."""
    try:
        return value if isinstance(value, (str, *_PLAIN)) or value.ndim else value.item()
    except AttributeError:  # not one of these
        return value
