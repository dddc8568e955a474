"""What nobody expected: the whole traceback, then one line that says in whose code it happened."""

from __future__ import annotations

import traceback

import click

from srcore.plugin.blame import blamed
from srcore.plugin.discovery import label


def show(error: BaseException) -> None:
    """Print the traceback and whose code it leads into, on standard error."""
    click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    blamed_plugin = blamed(error)
    if blamed_plugin is None:
        click.echo(
            f"srcore: {label('srcore')} did not expect this; if nothing above says what to do, "
            "please report it with that text",
            err=True,
        )
        return
    plugin, place = blamed_plugin
    click.echo(
        f"srcore: this happened in {plugin.label} ({place}); report it there{plugin.advice}",
        err=True,
    )
