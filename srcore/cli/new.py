"""Print a shipped experiment to start from, or list them."""

from __future__ import annotations

import click

from srcore.config.reading import locate, parse
from srcore.plugin_manager import plugins


@click.command()
@click.argument("name", required=False)
def command(name: str | None) -> None:
    """Print the shipped experiment NAME; without NAME, list all of them.

    \b
    Examples:
      srcore new
      srcore new psnr_rrdb_x4 > experiment.toml
    """  # noqa: D301 - \b is click's mark for "do not wrap"
    if name is not None:
        click.echo(locate(name).read_text("utf-8"), nl=False)
        return
    shipped = plugins().registry.experiments()
    width = max((len(entry) for entry in shipped), default=0)
    for entry, (path, owner) in shipped.items():
        click.echo(f"{entry:{width}}  {_summary(path)} [{owner}]")


def _summary(path: object) -> str:
    """The first comment line of a shipped experiment says what it is."""
    from pathlib import Path

    file = Path(str(path))
    parse(file)
    first = file.read_text("utf-8").split("\n", 1)[0]
    return first.lstrip("# ").strip() if first.startswith("#") else ""
