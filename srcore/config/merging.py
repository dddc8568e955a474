"""Laying one table over another, and remembering where every key came from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from srcore.config.dropping import KEY, drop, dropped_paths, take_out


def merge(base: Mapping[str, Any], overlay: Mapping[str, Any]) -> dict[str, Any]:
    """Deep merge: tables merge, everything else (lists too) is replaced, but stages merge by name.

    ``drop`` at the top lists keys that are taken out of ``base`` first.

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
    if not prefix and KEY in overlay:
        drop(table, dropped_paths(overlay[KEY], KEY, origin), KEY, origin)
        overlay = {key: value for key, value in overlay.items() if key != KEY}
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
    usable = isinstance(below, list) and all(isinstance(item, Mapping) for item in below)
    merged = [dict(item) for item in below] if usable else []
    known = {_name_if_any(stage): index for index, stage in enumerate(merged)}
    seen: set[str] = set()
    for item in overlay:
        name = _name_if_any(item)
        # A second one of a name in the same file is refused later, with all other problems.
        is_known = name is not None and name not in seen
        index = known.get(name, len(merged)) if is_known else len(merged)
        seen.add(name or "")
        if index == len(merged):
            merged.append({})
        path = f"stages[{index}]."
        item = _drop_below(merged[index], item, origins, origin, path)
        merge_into(merged[index], item, origins, origin, path)
    origins.setdefault("stages", origin)
    return merged


def _drop_below(
    below: dict[str, Any],
    stage: Mapping[str, Any],
    origins: dict[str, str],
    origin: str,
    prefix: str,
) -> Mapping[str, Any]:
    """Take what a stage drops out of the stage that it extends; its list grows by those of it.

    The stage drops them from the tables that all stages share too, once it is laid over them.
    """
    if KEY not in stage:
        return stage
    paths = dropped_paths(stage[KEY], prefix + KEY, origin)
    for name in paths:
        if take_out(below, name):
            origins[f"{prefix}{KEY}.{name}"] = origin
    return {**stage, KEY: [*below.get(KEY, ()), *paths]}


def _name_if_any(stage: Mapping[str, Any]) -> str | None:
    """The name of a stage; None if there is none or if it is no text, which is refused later."""
    name = stage.get("name")
    return name if isinstance(name, str) else None
