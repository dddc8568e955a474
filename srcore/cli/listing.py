"""Lists of commands in whole sentences, which click would cut to one line each."""

from __future__ import annotations

import click

#: Characters of a sentence; longer ones are cut.
_LONGEST = 400


class ListingGroup(click.Group):
    """Commands in the order in which they were given, each with the first sentence of its help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Like click's, which sorts them."""
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Like click's; sentences go on in a next line."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [
            (name, command.get_short_help_str(_LONGEST))
            for name, command in commands
            if command is not None and not command.hidden
        ]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)
