"""List the installed plugins: version, hooks, components."""

from __future__ import annotations

import json
from typing import Any

import attrs
import click

from srcore.plugin.manager import plugins


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def command(as_json: bool) -> None:
    """List the installed plugins: version, hooks, components, and what is broken.

    \b
    Examples:
      srcore plugins
      srcore plugins --json
      srcore --plugin my_losses.py plugins
    """  # noqa: D301 - \b is click's mark for "do not wrap"
    manager = plugins()
    registry = manager.registry  # who fails in it is no longer among the plugins
    rows: list[dict[str, Any]] = []
    for plugin in manager.plugins:
        brought = [
            f"{component.kind} {component.name}"
            for component in registry.components()
            if component.owner == plugin.distribution
        ]
        rows.append(
            {
                "name": plugin.name,
                "distribution": plugin.distribution,
                "version": plugin.version,
                "hooks": manager.hooks_of(plugin),
                "components": brought,
                "broken": None,
            }
        )
    for broken in manager.broken:
        entry = attrs.asdict(broken)
        message = entry.pop("message")
        rows.append({**entry, "hooks": [], "components": [], "broken": message})
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        label = f"({row['distribution']} {row['version']}".strip() + ")"
        click.echo(f"{row['name'] or row['distribution']}  {label}")
        if row["broken"]:
            click.echo(f"  broken:     {row['broken']}")
            continue
        click.echo(f"  hooks:      {', '.join(row['hooks'])}")
        click.echo(f"  components: {', '.join(row['components']) or 'none'}")
