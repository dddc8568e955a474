"""Write a page about a run, or about several beside each other."""

from __future__ import annotations

from pathlib import Path

import click

from srcore.cli.existing import EXISTING_FOLDER
from srcore.files.occupied import refuse_existing
from srcore.plugin.manager import plugins
from srcore.runs.folder import RunFolder


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN...", type=EXISTING_FOLDER)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The file to write.  [default: report.html, of one run in its folder]",
)
@click.option("--overwrite", is_flag=True, help="Replace a file that exists.")
def command(runs: tuple[Path, ...], output: Path | None, overwrite: bool) -> None:
    """Write a page about RUN, or compare several, as one file of HTML that needs no network.

    RUN is the folder of a run, of a stage, or of an experiment with stages. Every stage writes its
    page at its end; this command writes it again, also while a run is going on. The path of the
    page is printed.

    \b
    Examples:
      srcore report runs/quickstart
      srcore report runs/my_esrgan/gan -o gan.html
      srcore report runs/baseline runs/my_ldl runs/my_sed -o comparison.html
    """  # noqa: D301 - \b is click's mark for "do not wrap"
    path = output or (Path(RunFolder.report) if len(runs) > 1 else None)
    refuse_existing([path] if path is not None else [], overwrite=overwrite)

    from srcore.report.page import write_report

    click.echo(write_report(runs, plugins().registry, path))
