"""Commands with many options: what belongs together stands together in the help."""

from __future__ import annotations

from typing import Any

import click

_WITHOUT = "Options"


class HeadedOption(click.Option):
    """An option that stands under a heading of the help.

    Attributes:
        heading: empty: it is one of the other options.
    """

    def __init__(self, *arguments: Any, heading: str = "", **about: Any) -> None:
        super().__init__(*arguments, **about)
        self.heading = heading


class GroupedCommand(click.Command):
    """A command whose help has a section for every heading of its options, in their order."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections, that of the options without a heading first."""
        sections: dict[str, list[tuple[str, str]]] = {_WITHOUT: []}
        for parameter in self.get_params(ctx):
            heading = parameter.heading if isinstance(parameter, HeadedOption) else ""
            record = parameter.get_help_record(ctx)
            if record is not None:
                sections.setdefault(heading or _WITHOUT, []).append(record)
        for heading, records in sections.items():
            with formatter.section(heading):
                formatter.write_dl(records)
