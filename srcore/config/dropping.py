"""``drop = ["discriminator", "schedule.generator"]``: what an experiment does not inherit.

Keys are taken out of what was read before, then the other keys of the file are laid over it. In a
stage, ``drop`` takes out of the tables that all stages share, and of the stage of that name in the
file that is extended.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from srcore.errors import ConfigError, Problem
from srcore.messages import shown
from srcore.suggest import closest

KEY = "drop"


def dropped_paths(value: Any, path: str, origin: str) -> list[str]:
    """The paths that a ``drop`` lists.

    Raises:
        ConfigError: anything else.
    """
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        message = f'expected a list of keys, such as ["discriminator"], found {shown(value)}'
        raise ConfigError([Problem(path, message, origin)])
    return [str(item) for item in value]


def drop(table: dict[str, Any], paths: Sequence[str], where: str, origin: str) -> None:
    """Take inherited keys out of a table, in place.

    Raises:
        ConfigError: keys that are not there.
    """
    problems = [
        Problem(where, f'"{path}" is not inherited; {_nearest_path(table, path)}', origin)
        for path in paths
        if not take_out(table, path)
    ]
    if problems:
        raise ConfigError(problems)


def take_out(table: dict[str, Any], path: str) -> bool:
    """Remove a key; whether it was there. Tables on the way are copied, since others share them."""
    name, _, rest = path.partition(".")
    if name not in table:
        return False
    below = table[name]
    if not rest:
        del table[name]
        return True
    if name == "stages" and isinstance(below, list):
        kept = [stage for stage in below if not _is_named(stage, rest)]
        table[name] = kept
        return len(kept) < len(below)
    if not isinstance(below, dict):
        return False
    table[name] = dict(below)
    return take_out(table[name], rest)


def _is_named(stage: Any, name: str) -> bool:
    return isinstance(stage, dict) and stage.get("name") == name


def _nearest_path(table: dict[str, Any], path: str) -> str:
    known = list(_paths(table))
    return closest(path, known) or f"there are: {', '.join(p for p in known if '.' not in p)}"


def _paths(table: dict[str, Any], prefix: str = "") -> Any:
    for key, value in table.items():
        yield f"{prefix}{key}"
        if isinstance(value, dict):
            yield from _paths(value, f"{prefix}{key}.")
        elif f"{prefix}{key}" == "stages" and isinstance(value, list):
            yield from (f"stages.{s['name']}" for s in value if isinstance(s, dict) and "name" in s)
