"""What shells complete beside commands and options: experiments, components, keys of ``--set``.

Click asks while somebody types, so nothing here may raise or print: what cannot be read completes
nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import click
from click.shell_completion import CompletionItem

from srcore.errors import SrcoreError
from srcore.plugin.manager import plugins


def shipped_experiments(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Names of shipped experiments."""
    names = plugins().registry.experiments()
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def experiments(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Names of shipped experiments; files, where no name begins so."""
    names = shipped_experiments(ctx, param, incomplete)
    return names or [CompletionItem(incomplete, type="file")]


def component_kinds(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Kinds of components."""
    return [CompletionItem(it) for it in plugins().registry.kinds() if it.startswith(incomplete)]


def component_names(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Names of the components of the kind that was typed before."""
    registry, kind = plugins().registry, ctx.params.get("kind")
    if kind not in registry.kinds():
        return []
    names = [component.name for component in registry.components(kind)]
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def experiment_keys(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Keys below the table that was typed, such as ``train.iterations``.

    A table with a ``type`` in the experiment has the keys of that component.
    """
    from srcore.config.json_schema import experiment_schema
    from srcore.config.reading import read_experiment

    registry = plugins().registry
    # Where --set is the last word, click has not come to the arguments yet.
    several = ctx.params.get("experiments") or ()
    named = [ctx.params.get("experiment"), *several, *ctx.args]
    table: dict[str, Any] = {}
    for name in [it for it in named if isinstance(it, str)][:1]:
        with contextlib.suppress(SrcoreError):
            table = read_experiment(name, registry).table
    before, dot, last = incomplete.rpartition(".")
    steps = before.split(".") if dot else []
    keys = dict.fromkeys(_keys_below(experiment_schema(registry), table, steps))
    return [CompletionItem(f"{before}{dot}{key}") for key in keys if key.startswith(last)]


def _keys_below(schema: dict[str, Any], table: Any, steps: list[str]) -> Iterator[str]:
    """Keys of the table that steps lead to: those of the experiment's own, then all others."""
    parts = [schema]
    for step in steps:
        name, _, index = step.rstrip("]").partition("[")
        parts = [inner for part in parts for inner in _inner(schema, part, name)]
        table = table.get(name) if isinstance(table, dict) else None
        if index.isdigit():
            parts = [_followed(schema, part.get("items", {})) for part in parts]
            listed = table if isinstance(table, list) else []
            table = dict(enumerate(listed)).get(int(index))
    for part in parts:
        for table_schema in _alternatives(schema, part):
            yield from _keys_of_schema(table_schema, table)


def _keys_of_schema(part: dict[str, Any], table: Any) -> Iterator[str]:
    own = table if isinstance(table, dict) else {}
    if "additionalProperties" in part and part.get("properties") is None:
        yield from own  # names that the experiment gives
    for case in part.get("allOf", []):
        if case.get("if", {}).get("properties", {}).get("type", {}).get("const") == own.get("type"):
            yield from case["then"].get("properties", {})
            return
    yield from part.get("properties", {})


def _inner(schema: dict[str, Any], part: dict[str, Any], key: str) -> Iterator[dict[str, Any]]:
    for table in _alternatives(schema, part):
        inner = table.get("properties", {}).get(key, table.get("additionalProperties"))
        if isinstance(inner, dict):
            yield _followed(schema, inner)


def _alternatives(schema: dict[str, Any], part: dict[str, Any]) -> list[dict[str, Any]]:
    """A schema and those that it is put together of."""
    return [part, *(_followed(schema, it) for it in part.get("allOf", []) if "$ref" in it)]


def _followed(schema: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """What a reference leads to."""
    while "$ref" in part:
        target: Any = schema
        for step in part["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        part = target
    return part
