"""Write a complete, working plugin to start from."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("name")
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("."),
    help="Folder that receives srplug-NAME; the working directory.",
)
def command(name: str, output: Path) -> None:
    """Write the plugin srplug-NAME: a loss, a network, an experiment and contract tests.

    Its tests pass at once; change it file by file into your method.

    \b
    Examples:
      srcore new-plugin focal
      pip install -e srplug-focal && pytest srplug-focal
      srcore run focal/tiny
    """  # noqa: D301 - \b is click's mark for "do not wrap"
    from srcore.scaffold.writing import write_plugin

    for path in write_plugin(name, output):
        click.echo(path)
