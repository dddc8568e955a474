"""Options of a command that writes images, as the formats declare them."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import TYPE_CHECKING, Any

import attrs
import click

from srcore.cli.grouped import GroupedCommand, HeadedOption

if TYPE_CHECKING:
    from srcore.images import WritingOption


_HEADING = "Formats"


class WritingCommand(GroupedCommand):
    """A command with ``--format`` and the options of all formats.

    They are made when the command is used or explains itself: formats bring decoders, and the
    list of commands is to be there at once. The function gets them as one :class:`WritingFlags`.
    """

    def __init__(
        self,
        *arguments: Any,
        before: str,
        written: str,
        of_inputs: bool = False,
        only: str | None = None,
        **settings: Any,
    ) -> None:
        """Like click's.

        Args:
            arguments: click's.
            before: name of the parameter before which the options stand in the help.
            written: what ``--format`` is the format of, a sentence of the help.
            of_inputs: whether it may be that of every input.
            only: the one format that is written, whose options there are then; without --format.
            settings: click's.
        """
        super().__init__(*arguments, **settings)
        self._before = before
        self._written = written
        self._of_inputs = of_inputs
        self._only = only

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Like click's, with those of the formats."""
        params = super().get_params(ctx)
        place = [parameter.name for parameter in params].index(self._before)
        return [*params[:place], *self._chosen(), *_writing_flags(self._only), *params[place:]]

    def invoke(self, ctx: click.Context) -> Any:
        """Like click's."""
        names = [str(option.name) for option in _writing_flags(self._only)]
        values = {name: ctx.params.pop(name) for name in names}
        chosen = [ctx.params.pop(str(option.name)) for option in self._chosen()]
        ctx.params["writing"] = WritingFlags(format=next(iter(chosen), "png"), values=values)
        return super().invoke(ctx)

    def _chosen(self) -> list[click.Option]:
        return [] if self._only else [_format(self._written, of_inputs=self._of_inputs)]


@cache
def _writing_flags(only: str | None) -> tuple[click.Option, ...]:
    from srcore.images import writing_options

    return tuple(
        _click_option_of(it, it.formats if only is None else (only,))
        for it in writing_options()
        if only is None or only in it.formats
    )


@cache
def _format(written: str, *, of_inputs: bool) -> click.Option:
    from srcore.images import format_names
    from srcore.upscaling.output import SAME

    return HeadedOption(
        ["--format", "format"],
        heading=_HEADING,
        type=click.Choice([*format_names(), *[SAME] * of_inputs], case_sensitive=False),
        default="png",
        show_default=True,
        help=written,
    )


def _click_option_of(option: WritingOption, formats: tuple[str, ...]) -> click.Option:
    default = f"  [default: {option.default}]" if option.default else ""
    help = f"Of {', '.join(formats)}: {option.declaration.help}.{default}"
    if option.is_flag:
        return HeadedOption([option.flag], is_flag=True, help=help, heading=_HEADING)
    declaration = option.declaration
    kind: Any = (
        click.Choice(option.choices, case_sensitive=False)
        if option.choices
        else click.IntRange(_whole_limit(declaration.ge), _whole_limit(declaration.le))
    )
    return HeadedOption([option.flag], type=kind, help=help, heading=_HEADING)


def _whole_limit(limit: float | None) -> int | None:
    return None if limit is None else int(limit)


@attrs.frozen(kw_only=True)
class WritingFlags:
    """What a command line says of the images that are written.

    Attributes:
        format: of ``--format``.
        values: of the options of formats by name, given or not.
    """

    format: str
    values: dict[str, Any]

    @property
    def suffix(self) -> str:
        """Suffix of the files of ``--format``."""
        from srcore.images import format_names

        return format_names()[self.format]

    def given(self, suffixes: Collection[str]) -> dict[str, Any]:
        """The options that were given; each must be one of some file that is written.

        Args:
            suffixes: of the files that are written.

        Raises:
            UsageError: an option that none of the files has.
        """
        from srcore.images import unfit_options

        # 0 is a value, though it equals False.
        given = {name: it for name, it in self.values.items() if it is not None and it is not False}
        if unfit := unfit_options(suffixes, given):
            raise click.UsageError("\n".join(unfit))
        return given
