"""List the installed plugins: version, hooks, components."""

from __future__ import annotations

import json

import click

from srcore.plugin.manager import plugins


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def command(as_json: bool) -> None:
    """List the installed plugins: version, hooks, components.

    \b
    Examples:
      srcore plugins
      srcore plugins --json
    """  # noqa: D301 - \b is click's mark for "do not wrap"
    manager = plugins()
    rows = []
    for plugin in manager.plugins:
        brought = [
            f"{component.kind} {component.name}"
            for component in manager.registry.components()
            if component.owner == plugin.distribution
        ]
        rows.append(
            {
                "name": plugin.name,
                "distribution": plugin.distribution,
                "version": plugin.version,
                "hooks": manager.hooks_of(plugin),
                "components": brought,
            }
        )
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        click.echo(f"{row['name']}  ({row['distribution']} {row['version']})")
        click.echo(f"  hooks:      {', '.join(row['hooks'])}")
        click.echo(f"  components: {', '.join(row['components']) or 'none'}")
