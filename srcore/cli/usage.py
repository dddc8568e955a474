"""Wrong use of the command line in the form of all other faults.

Where, what was expected, what was found, what to do: click has several sentences for it, which
differ in all of that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import click

from srcore.messages import one_line

#: Sentences of click's types, without the parameter, and ours.
_SENTENCES = (
    (r"(.+) is not in the range x>=(\S+)", r"expected at least \2, found \1"),
    (r"(.+) is not in the range x>(\S+)", r"expected more than \2, found \1"),
    (r"(.+) is not in the range (\S+?)<=x<=(\S+)", r"expected \2 to \3, found \1"),
    (r"(.+) is not in the range (.+)", r"expected \2, found \1"),
    (r"'(.*)' is not a valid float(?: range)?", r'expected a number, found "\1"'),
    (r"'(.*)' is not a valid integer(?: range)?", r'expected a whole number, found "\1"'),
    (r"'(.*)' is not one of (.+)", r'expected one of \2, found "\1"'),
    (r"Directory '(.*)' does not exist", r"expected a folder; \1 does not exist"),
    (r"(?:File|Path) '(.*)' does not exist", r"expected a file; \1 does not exist"),
    (r"Directory '(.*)' is a file", r"expected a folder; \1 is a file"),
    (r"File '(.*)' is a directory", r"expected a file; \1 is a folder"),
    (r"Option '(.+)' requires an argument", r"\1: expected a value, found none"),
    (r"Got unexpected extra arguments? \((.*)\)", r"expected no further argument, found \1"),
    (r"No such command '(.+)'", r'no command "\1"'),
    (r"Missing command", r"expected a command, found none"),
)


def refuse_exclusive(**flags: object) -> None:
    """Refuse flags that exclude each other, if all of them were given.

    Raises:
        UsageError: names them.
    """
    if all(flags.values()):
        raise click.UsageError(f"{' and '.join(f'--{it}' for it in flags)} exclude each other")


def error_lines(error: click.ClickException) -> Iterator[str]:
    """What is printed of an error of click, one line for each problem."""
    command = _used_command(error)
    for text in (
        error.format_message().splitlines() if _is_of_command(error) else [_message_of(error)]
    ):
        parts = [command, _sentence(text)] if command else [_sentence(text)]
        line = ": ".join(parts)
        if isinstance(error, click.UsageError) and "; " not in line:
            line += f"; srcore {command} --help says what there is".replace("  ", " ")
        yield one_line(line)


def _used_command(error: click.ClickException) -> str:
    """The command that was used, without the name of the program."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    return context.command_path.partition(" ")[2] if context is not None else ""


def is_help(error: click.ClickException) -> bool:
    """Whether somebody who typed a group of commands alone gets its help (click 8.2 and newer)."""
    return type(error).__name__ == "NoArgsIsHelpError"


def _is_of_command(error: click.ClickException) -> bool:
    return not isinstance(error, (click.BadParameter, click.NoSuchOption))


def _message_of(error: click.ClickException) -> str:
    if isinstance(error, click.NoSuchOption):
        hint = _argument_hint(error) or _option_hint(error)
        return f"no option {error.option_name}" + (f"; {hint}" if hint else "")
    assert isinstance(error, click.BadParameter)
    where = _parameter(error)
    if isinstance(error, click.MissingParameter):
        return f"{where}: expected a value, found none"
    return f"{where}: {_sentence(error.message)}" if where else error.message


def _argument_hint(error: click.NoSuchOption) -> str:
    """What to do where an argument was written as an option: ``--model`` for ``MODEL``."""
    name = error.option_name.lstrip("-").replace("-", "_")
    for parameter in error.ctx.command.get_params(error.ctx) if error.ctx else ():
        written = _metavar(parameter, error.ctx)
        if isinstance(parameter, click.Argument) and name in (parameter.name, written.lower()):
            return f"write {written} without {error.option_name}"
    return ""


def _option_hint(error: click.NoSuchOption) -> str:
    """The nearest option; hyphens, which all of them have, make none near."""
    from srcore.suggest import nearest

    names = {name.lstrip("-"): name for name in error.possibilities or ()}
    meant = nearest(error.option_name.lstrip("-"), names)
    return f'did you mean "{names[meant]}"?' if meant else ""


def _metavar(parameter: click.Parameter, context: click.Context | None) -> str:
    """The name of an argument in the help, of one of many, too: ``[MODEL...]`` is ``MODEL``."""
    written = parameter.make_metavar(context) if context else str(parameter.name).upper()
    return written.strip("[].")


def _parameter(error: click.BadParameter) -> str:
    """The option as it is written, or the name of the argument."""
    parameter = error.param
    if parameter is None:
        return str(error.param_hint or "").strip("'")
    if isinstance(parameter, click.Option):
        return max(parameter.opts, key=len)
    return _metavar(parameter, error.ctx)


def _sentence(text: str) -> str:
    text = text.strip().rstrip(".")
    for pattern, ours in _SENTENCES:
        match = re.fullmatch(pattern, text)
        if match:
            return match.expand(ours).replace("'", "")
    return text
