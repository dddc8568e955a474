"""Options of a command that writes images, as the formats declare them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from srcore.images import WritingOption


class WritingCommand(click.Command):
    """A command with ``--format`` and the options of all formats.

    They are made when the command is used or explains itself: formats bring decoders, and the
    list of commands is to be there at once.
    """

    #: Name of the parameter before which they stand in the help.
    before = "depth"

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Like click's, with those of the formats."""
        params = super().get_params(ctx)
        place = [parameter.name for parameter in params].index(self.before)
        return [*params[:place], *_options(), *params[place:]]


@cache
def _options() -> tuple[click.Option, ...]:
    from srcore.images import writing_options

    return _format(), *map(_made, writing_options())


def _format() -> click.Option:
    from srcore.images import format_names
    from srcore.inference.output import SAME

    return click.Option(
        ["--format", "image_format"],
        type=click.Choice([*format_names(), SAME], case_sensitive=False),
        default="png",
        show_default=True,
        help="Format where --output does not name one; same: that of each input.",
    )


def _made(option: WritingOption) -> click.Option:
    default = f"  [default: {option.default}]" if option.default else ""
    help = f"Of {', '.join(option.formats)}: {option.declaration.help}.{default}"
    if option.is_flag:
        return click.Option([option.flag], is_flag=True, help=help)
    declaration = option.declaration
    kind: Any = (
        click.Choice(option.choices, case_sensitive=False)
        if option.choices
        else click.IntRange(_whole(declaration.ge), _whole(declaration.le))
    )
    return click.Option([option.flag], type=kind, help=help)


def _whole(limit: float | None) -> int | None:
    return None if limit is None else int(limit)


def given_options(options: dict[str, Any]) -> dict[str, Any]:
    """Those of the formats that were given on the command line."""
    from srcore.images import writing_options

    names = [it.name for it in writing_options()]
    return {name: options[name] for name in names if options[name] not in (None, False)}
