"""TOML text to a table, in bounded time: what lies beyond every experiment is refused.

The limits are far above what anybody writes (the largest shipped experiment has about 80 values).
They keep all that follows, which walks tables and compares names, from taking minutes or running
out of stack.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

from srcore.errors import Problem

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MAX_BYTES = 1 << 18
MAX_VALUES = 10_000
MAX_STAGES = 100
MAX_DEPTH = 32
MAX_KEY = 128
#: TOML's own range of whole numbers.
MAX_INTEGER = 2**63

# Where a key begins, one of many parts; the parser would take quadratic time.
_PART = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*"""
_DEEP_KEY = re.compile(rf"(?:^|[\[{{,])[ \t]*(?:{_PART}){{{MAX_DEPTH}}}", re.MULTILINE)


class MalformedTomlError(Exception):
    """What is wrong with a text, in one phrase."""


def parse_toml(text: str) -> dict[str, Any]:
    """The table that ``text`` describes.

    Raises:
        MalformedTomlError: it is no TOML, or too deep or too large to be an experiment.
    """
    if _DEEP_KEY.search(text):
        raise MalformedTomlError(f"a key of more than {MAX_DEPTH} parts")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        reason = str(error).replace(
            "at end of document", f"at {_last_place(text)}, the end of the file"
        )
        raise MalformedTomlError(f"malformed TOML: {reason}") from None
    except RecursionError:
        raise MalformedTomlError(f"lists or tables nested more than {MAX_DEPTH} deep") from None
    except ValueError:  # Python's own limit of digits
        raise MalformedTomlError("malformed TOML: a number of thousands of digits") from None


def excesses(table: dict[str, Any]) -> Iterator[Problem]:
    """What is too much in a parsed table: depth, number of values, length of keys, numbers."""
    waiting: list[tuple[str, Any, int]] = [("", table, 0)]
    count = 0
    while waiting:
        path, value, depth = waiting.pop()
        count += 1
        if count > MAX_VALUES:
            yield Problem("", f"more than {MAX_VALUES} values; is it an experiment?")
            return
        if depth > MAX_DEPTH:
            yield Problem(path, f"lists or tables nested more than {MAX_DEPTH} deep")
            return
        if isinstance(value, dict):
            for key in value:
                if len(key) > MAX_KEY:
                    yield Problem(f"{path}.{key}".lstrip("."), f"a key above {MAX_KEY} characters")
                    return
            waiting += [
                (f"{path}.{key}".lstrip("."), item, depth + 1) for key, item in value.items()
            ]
        elif isinstance(value, list):
            waiting += [(f"{path}[{index}]", item, depth + 1) for index, item in enumerate(value)]
        elif isinstance(value, int) and not -MAX_INTEGER <= value < MAX_INTEGER:
            yield Problem(path, "expected a whole number of at most 64 bits")


def _last_place(text: str) -> str:
    lines = text.split("\n")
    return f"line {len(lines)}, column {len(lines[-1]) + 1}"
