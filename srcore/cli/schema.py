"""Print the JSON Schema of experiments, for editors."""

from __future__ import annotations

import json
from pathlib import Path

import click

from srcore.files.atomic import write_bytes
from srcore.files.occupied import refuse_existing
from srcore.plugin.manager import plugins

#: What experiments of ``srcore new`` name in their first line.
FILE = "srcore.schema.json"


@click.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The file to write.  [default: standard output]",
)
@click.option("--overwrite", is_flag=True, help="Replace a file that exists.")
def command(output: Path | None, overwrite: bool) -> None:
    """Print the JSON Schema (draft 7) of experiments with all installed plugins in it.

    Editors complete keys and names by it, show what they mean and mark what is wrong. A file whose
    first line is "#:schema srcore.schema.json" names the schema beside it; write it again when
    plugins change.

    \b
    Examples:
      srcore schema -o srcore.schema.json
      srcore schema -o srcore.schema.json --overwrite
      srcore schema > experiments/srcore.schema.json
    """  # noqa: D301 - \b is click's mark for "do not wrap"
    refuse_existing([output] if output is not None else [], overwrite=overwrite)

    from srcore.config.json_schema import experiment_schema

    text = json.dumps(experiment_schema(plugins().registry), indent=1, ensure_ascii=False) + "\n"
    if output is None:
        click.echo(text, nl=False)
        return
    write_bytes(output, text.encode())
    click.echo(output)
