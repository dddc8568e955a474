"""Experiments as nested plain values that TOML can hold, and as one level of dotted paths."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import tomli_w

from srcore.files.atomic import writing
from srcore.models.addressed_path import written
from srcore.options import Selected
from srcore.options.declaration import is_inline, key_of


def write_table(file: Path, table: dict[str, Any]) -> None:
    """Write a TOML file atomically."""
    with writing(file) as temporary:
        temporary.write_text(tomli_w.dumps(table), "utf-8")


def as_table(value: Any) -> Any:
    """An experiment as nested plain values that TOML can hold; absent values are left out."""
    if isinstance(value, Selected):
        return {"type": value.type, **as_table(value.options)}
    if attrs.has(type(value)):
        table: dict[str, Any] = {}
        for field in attrs.fields(type(value)):
            item = getattr(value, field.name)
            if is_inline(field):
                table |= as_table(item)
            elif item is not None and item != ():
                table[key_of(field)] = as_table(item)
        return table
    if isinstance(value, dict):
        return {key: as_table(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_table(item) for item in value]
    return written(value) if isinstance(value, Path) else value


def flat(table: Any, prefix: str = "") -> dict[str, Any]:
    """Nested tables as one, by dotted path: ``losses[0].weight``."""
    if isinstance(table, dict):
        pairs = [(f"{prefix}.{key}" if prefix else key, item) for key, item in table.items()]
    elif isinstance(table, list):
        pairs = [(f"{prefix}[{index}]", item) for index, item in enumerate(table)]
    else:
        return {prefix: table}
    flattened: dict[str, Any] = {}
    for path, item in pairs:
        flattened |= flat(item, path)
    return flattened
