"""Laying one table over another, and remembering where every key came from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from srcore.errors import ConfigError, Problem


def merge(base: Mapping[str, Any], overlay: Mapping[str, Any]) -> dict[str, Any]:
    """Deep merge: tables merge, everything else (lists too) is replaced, but stages merge by name.

    A table that names another ``type`` replaces the table below it, since the keys of one
    component mean nothing to another.
    """
    merged = dict(base)
    merge_into(merged, overlay, {}, "")
    return merged


def merge_into(
    table: dict[str, Any],
    overlay: Mapping[str, Any],
    origins: dict[str, str],
    origin: str,
    prefix: str = "",
) -> None:
    """As :func:`merge`, in place; ``origins`` learns that ``origin`` wrote the keys of ``overlay``.

    ``prefix`` is the path of ``table`` with a dot at its end.
    """
    for key, value in overlay.items():
        path = f"{prefix}{key}"
        below = table.get(key)
        if path == "stages":
            table[key] = _merge_stages(below, value, origins, origin)
            continue
        if isinstance(value, Mapping) and isinstance(below, Mapping):
            other_type = "type" in value and value["type"] != below.get("type", value["type"])
            inner: dict[str, Any] = {} if other_type else dict(below)
            merge_into(inner, value, origins, origin, f"{path}.")
            table[key] = inner
        elif isinstance(value, Mapping):
            table[key] = {}
            merge_into(table[key], value, origins, origin, f"{path}.")
        else:
            table[key] = value
        origins[path] = origin


def _merge_stages(below: Any, overlay: Any, origins: dict[str, str], origin: str) -> Any:
    """Stages merge by name: ``[[stages]]`` of a file, or ``stages.NAME`` of an override.

    Stages that are new come after those that were there. What is no list of tables stays as it is
    and is refused later.
    """
    if isinstance(overlay, Mapping) and all(isinstance(item, Mapping) for item in overlay.values()):
        overlay = [{"name": name, **item} for name, item in overlay.items()]
    if not isinstance(overlay, list) or not all(isinstance(item, Mapping) for item in overlay):
        origins["stages"] = origin
        return overlay
    names = [item.get("name") for item in overlay]
    for index, name in enumerate(names):
        if name is not None and name in names[:index]:
            message = f'two stages are named "{name}"'
            raise ConfigError([Problem(f"stages[{index}].name", message, origin)])
    merged = [dict(item) for item in below] if isinstance(below, list) else []
    known = {stage.get("name"): stage for stage in merged}
    for item in overlay:
        stage = known.get(item.get("name"))
        if stage is None:
            stage = {}
            merged.append(stage)
        index = next(number for number, entry in enumerate(merged) if entry is stage)
        merge_into(stage, item, origins, origin, f"stages[{index}].")
    origins.setdefault("stages", origin)
    return merged
