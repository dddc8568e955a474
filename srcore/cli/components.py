"""List components with their keys, types, defaults and meaning."""

from __future__ import annotations

import inspect
import json
from typing import Any

import click

from srcore.config.suggest import closest
from srcore.files.text_tables import aligned
from srcore.options.describing import describe
from srcore.plugin.building import Component
from srcore.plugin.manager import plugins
from srcore.plugin.registry import Registry


@click.command()
@click.argument("kind", required=False)
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def command(kind: str | None, name: str | None, as_json: bool) -> None:
    """List components with their keys, types, defaults and meaning.

    Without KIND, names only. The keys come from the classes that check experiment files.

    \b
    Examples:
      srcore components
      srcore components loss
      srcore components network swinir
    """  # noqa: D301 - \b is click's mark for "do not wrap"
    registry = plugins().registry
    kinds = registry.kinds()
    if kind is not None and kind not in kinds:
        hint = closest(kind, kinds) or f"kinds: {', '.join(kinds)}"
        raise click.UsageError(f'no kind "{kind}"; {hint}')
    if kind is not None and name is not None:
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
    keys = [
        {"key": key, "type": kind, "default": default, "help": text}
        for key, kind, default, text in describe(component.options)
    ]
    return {
        "kind": component.kind,
        "name": component.name,
        "owner": component.owner,
        "summary": summary_of(component),
        "keys": keys,
    }


def summary_of(component: Component) -> str:
    """First line of the docstring of the component's options."""
    text = inspect.getdoc(component.options) or ""
    return text.split("\n", 1)[0]
