"""List components with their keys, types, defaults and meaning."""

from __future__ import annotations

import inspect
import json
from typing import Any

import click

from srcore.cli.completing import component_kinds, component_names
from srcore.files.text_tables import aligned
from srcore.options.describing import describe
from srcore.options.key_facts import key_facts, paper_of
from srcore.plugin.building import Component
from srcore.plugin.manager import plugins
from srcore.plugin.registry import Registry
from srcore.plugin.summaries import summary_of
from srcore.suggest import closest


@click.command()
@click.argument("kind", required=False, shell_complete=component_kinds)
@click.argument("name", required=False, shell_complete=component_names)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def command(kind: str | None, name: str | None, as_json: bool) -> None:
    """List components with their keys, types, defaults and meaning.

    Without KIND, names only. The keys come from the classes that check experiment files. With
    --json, of every key: type, default as a value, limits, words, unit where its meaning says one;
    of every component: the classes that declare and build it, and the paper that it names.

    \b
    Examples:
      srcore components
      srcore components loss
      srcore components network swinir
      srcore components network --json
    """  # noqa: D301 - \b is click's mark for "do not wrap"
    registry = plugins().registry
    kinds = registry.kinds()
    if kind is not None and kind not in kinds:
        hint = closest(kind, kinds) or f"kinds: {', '.join(kinds)}"
        raise click.UsageError(f'no kind "{kind}"; {hint}')
    if kind is not None and name is not None:
        if name not in [component.name for component in registry.components(kind)]:
            raise click.UsageError(registry.unknown(kind, name))
        components = [registry.get(kind, name)]
    else:
        components = list(registry.components(kind))
    if as_json:
        click.echo(json.dumps([_as_dict(component) for component in components], indent=2))
    elif kind is None:
        _print_names(registry)
    else:
        for component in components:
            _print_keys(component)


def _print_names(registry: Registry) -> None:
    for kind in registry.kinds():
        names = [component.name for component in registry.components(kind)]
        if names:
            click.echo(f"{kind + ':':20} {', '.join(names)}")


def _print_keys(component: Component) -> None:
    click.echo(f"{component.name}  [{component.owner}]  {summary_of(component)}")
    for line in aligned(list(describe(component.options))):
        click.echo(f"  {line}")
    click.echo()


def _as_dict(component: Component) -> dict[str, Any]:
    options = component.options
    target = component.target
    return {
        "kind": component.kind,
        "name": component.name,
        "owner": component.owner,
        "summary": summary_of(component),
        "source": {
            "options": f"{options.__module__}:{options.__qualname__}",
            "target": target if isinstance(target, str) else _path_of(target),
            "paper": paper_of(options),
        },
        "keys": list(key_facts(options)),
    }


def _path_of(target: Any) -> str:
    made = target if inspect.isclass(target) or inspect.isfunction(target) else type(target)
    return f"{made.__module__}:{made.__qualname__}"
