"""``--set table.key=value``: the paths that problems name, ``losses[1].weight`` included.

Values are TOML, bare words are strings. Stages are ``stages[0]`` or ``stages.NAME``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from srcore.config.merging import merge_into
from srcore.errors import ConfigError, Problem
from srcore.files.toml import MAX_DEPTH, MalformedTomlError, excesses, parse_toml
from srcore.messages import shown

_ELEMENT = re.compile(r"(?P<list>[^\[\]]+)\[(?P<index>[0-9]{1,9})\]$")


def parse_override(assignment: str) -> tuple[list[str], Any]:
    """``a.b[0].c=3`` -> ``["a", "b[0]", "c"], 3``.

    Raises:
        ConfigError: it is no assignment to a key.
    """
    dotted, separator, text = assignment.partition("=")
    if not separator or not all(map(str.strip, dotted.split("."))):
        message = f"expected table.key=value, found {shown(assignment)}"
        raise ConfigError([Problem("", message, "--set")])
    keys = parse_keys(dotted, f"--set {assignment}")
    try:
        parsed = parse_toml(f"value = {text}")
    except MalformedTomlError:
        return keys, text
    problems = [
        Problem(excess.path.replace("value", dotted, 1), excess.message, f"--set {assignment}")
        for excess in excesses(parsed)
    ]
    if problems:
        raise ConfigError(problems)
    return keys, parsed["value"] if len(parsed) == 1 else text


def parse_keys(dotted: str, origin: str = "overrides") -> list[str]:
    """``a.b[0].c`` -> ``["a", "b[0]", "c"]``.

    Raises:
        ConfigError: an empty part, or too many of them.
    """
    keys = [key.strip() for key in dotted.split(".")]
    if not all(keys):
        message = f"expected a key such as table.key, found {shown(dotted)}"
        raise ConfigError([Problem("", message, origin)])
    if len(keys) > MAX_DEPTH:
        message = f"a key of more than {MAX_DEPTH} parts"
        raise ConfigError([Problem("", message, origin)])
    return keys


def override(
    table: dict[str, Any],
    keys: Sequence[str],
    value: Any,
    origins: dict[str, str],
    origin: str,
) -> None:
    """Set a key of a merged table in place; arguments as in :func:`merge_into`.

    Raises:
        ConfigError: an element of a list that is not there.
    """
    elements = [position for position, key in enumerate(keys) if _ELEMENT.match(key)]
    if not elements:
        merge_into(table, _nested(keys, value), origins, origin)
        return
    last = elements[-1]
    key, rest, path = keys[last], keys[last + 1 :], ""
    below: Any = table
    for name in keys[:last]:
        below, path = _step_into(below, name, path, origin)
    items, index = _element(below, key, path, origin)
    here = f"{path}{key}"
    if not rest:
        items[index] = value
        origins[here] = origin
    elif not isinstance(items[index], dict):
        message = f"expected a table, found {shown(items[index])}"
        raise ConfigError([Problem(here, message, origin)])
    else:  # under its name, since another type replaces the element
        named = {key: items[index]}
        merge_into(named, {key: _nested(rest, value)}, origins, origin, path)
        items[index] = named[key]
        if rest[-1] != "type":  # what stands beside it still comes from where it came from
            for depth in range(len(rest)):
                origins.pop(".".join([here, *rest[:depth]]), None)


def _nested(keys: Sequence[str], value: Any) -> Any:
    for key in reversed(keys):
        value = {key: value}
    return value


def _element(table: Any, key: str, path: str, origin: str) -> tuple[list[Any], int]:
    """The list that ``key`` (``name[index]``) means, and the index."""
    element = _ELEMENT.match(key)
    assert element is not None
    name, index = element["list"], int(element["index"])
    items = table.get(name) if isinstance(table, dict) else None
    if isinstance(items, list) and index < len(items):
        return items, index
    count = f"has {len(items)} elements" if isinstance(items, list) else "is no list here"
    raise ConfigError([Problem(f"{path}{key}", f"{path}{name} {count}", origin)])


def _step_into(table: Any, key: str, path: str, origin: str) -> tuple[Any, str]:
    """What ``key`` names in a table (a table, an element, a stage) and its path; {} if nothing."""
    if _ELEMENT.match(key):
        items, index = _element(table, key, path, origin)
        return items[index], f"{path}{key}."
    if isinstance(table, list):
        for index, stage in enumerate(table):
            if isinstance(stage, dict) and stage.get("name") == key:
                return stage, f"{path[:-1]}[{index}]."
    return (table.get(key, {}) if isinstance(table, dict) else {}), f"{path}{key}."
