"""Write a complete, working plugin to start from."""

from __future__ import annotations

from pathlib import Path

import click

from srcore.cli.flags import flag
from srcore.plugin.manager import plugins
from srcore.scaffold.options import ScaffoldOptions


@click.command()
@click.argument("name")
@flag(ScaffoldOptions, "kind")
@flag(ScaffoldOptions, "output")
def command(name: str, kind: str | None, output: Path) -> None:
    """Write the plugin srplug-NAME: a component, an experiment with it and contract tests.

    Its tests pass at once; change it file by file into your own.

    \b
    Examples:
      srcore new-plugin focal
      srcore new-plugin distill --kind method
      pip install -e srplug-focal && pytest srplug-focal
      srcore run focal/tiny
    """  # noqa: D301 - \b is click's mark for "do not wrap"
    from srcore.scaffold.writing import clashes, write_plugin

    written = write_plugin(name, output, kind or "both")
    for clash in clashes(name, plugins().registry, kind or "both"):
        click.echo(
            f"srcore: warning: {clash}: both cannot be installed at once; use another name",
            err=True,
        )
    for path in written:
        click.echo(path)
