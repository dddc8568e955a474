"""What nobody expected: the whole traceback, then one line that says in whose code it happened."""

from __future__ import annotations

import traceback
from types import TracebackType

import click

from srcore.plugin.discovery import label
from srcore.plugin.implementations import Plugin
from srcore.plugin.manager import plugins


def show(error: BaseException) -> None:
    """Print the traceback and whose code it leads into, on standard error."""
    click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    found = _blamed(error)
    if found is None:
        click.echo(
            f"srcore: {label('srcore')} did not expect this; if nothing above says what to do, "
            "please report it with that text",
            err=True,
        )
        return
    plugin, place = found
    click.echo(
        f"srcore: this happened in {plugin.label} ({place}); report it there{plugin.advice}",
        err=True,
    )


def _blamed(error: BaseException | None) -> tuple[Plugin, str] | None:
    """Whose code it happened in: that of the first error, which others may have followed.

    A StopIteration that leaves a handler becomes a RuntimeError of the engine, for one.
    """
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        seen.append(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return next(filter(None, (_deepest(entry.__traceback__) for entry in reversed(seen))), None)


def _deepest(trace: TracebackType | None) -> tuple[Plugin, str] | None:
    """The innermost call that lies in a plugin's package, and where."""
    packages = {_package(plugin): plugin for plugin in plugins().plugins if plugin.is_discovered}
    found = None
    for frame, line in traceback.walk_tb(trace):
        module = str(frame.f_globals.get("__name__", ""))
        plugin = packages.get(module.partition(".")[0])
        if plugin is not None:
            found = plugin, f"{module}, line {line}"
    return found


def _package(plugin: Plugin) -> str:
    module = getattr(plugin.module, "__name__", None) or type(plugin.module).__module__
    return str(module).partition(".")[0]
