"""All commands, for tests of what every one of them does."""

from __future__ import annotations

from collections.abc import Iterator

import click

from srcore.cli.main import cli


def all_commands() -> dict[str, click.Command]:
    """By name, such as ``"prepare lmdb"``: those of the core and of the current plugins."""
    return dict(_commands_of(cli, ()))


def _commands_of(group: click.Group, above: tuple[str, ...]) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _commands_of(command, (*above, name))
        elif command is not None:
            yield " ".join((*above, name)), command
