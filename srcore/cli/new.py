"""Print a shipped experiment to start from, or list them."""

from __future__ import annotations

import click

from srcore.config.reading import locate, parse, read
from srcore.plugin.manager import plugins


@click.command()
@click.argument("name", required=False)
@click.option("--flat", is_flag=True, help="What it extends is written out: one whole file.")
def command(name: str | None, flat: bool) -> None:
    """Print the shipped experiment NAME; without NAME, list all of them.

    \b
    Examples:
      srcore new
      srcore new psnr_rrdb_x4 > experiment.toml
      srcore new esrgan_x4 --flat > experiment.toml
    """  # noqa: D301 - \b is click's mark for "do not wrap"
    if flat:
        click.echo(_flat(name), nl=False)
        return
    if name is not None:
        click.echo(locate(name, plugins().registry).read_text("utf-8"), nl=False)
        return
    shipped = plugins().registry.experiments()
    width = max((len(entry) for entry in shipped), default=0)
    for entry, (path, owner) in shipped.items():
        click.echo(f"{entry:{width}}  {_summary(path)} [{owner}]")


def _flat(name: str | None) -> str:
    """The merged tables of an experiment, as one file; its keys and no defaults."""
    import tomli_w

    if name is None:
        raise click.UsageError("--flat needs the name of an experiment")
    table = read(name, plugins().registry).table
    plain = {key: value for key, value in table.items() if not isinstance(value, (dict, list))}
    stages = {"stages": table.pop("stages")} if "stages" in table else {}
    return f"# {_summary(locate(name, plugins().registry))}\n\n" + tomli_w.dumps(
        {**plain, **table, **stages}
    )


def _summary(path: object) -> str:
    """The first comment line of a shipped experiment says what it is."""
    from pathlib import Path

    file = Path(str(path))
    parse(file)
    first = file.read_text("utf-8").split("\n", 1)[0]
    return first.lstrip("# ").strip() if first.startswith("#") else ""
