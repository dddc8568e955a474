"""How whoever reads a message gives an option: a flag of the command, or a keyword in Python."""

from __future__ import annotations

from typing import Any

import click


class Placeholder(str):
    """What a message shows without quotation marks, such as ``FOLDER``."""

    __slots__ = ()


_NAME_ALONE = object()


def spelled(name: str, value: Any = _NAME_ALONE) -> str:
    """An option as messages name it, so that Python programs read of no flags.

    Where a command runs that has the option, it is the command's flag, else a keyword:

    >>> spelled("skip_damaged", True), spelled("backend", "torch"), spelled("precision")
    ('skip_damaged=True', 'backend="torch"', 'precision')
    >>> spelled("calibration", Placeholder("FOLDER")), spelled("tile", None)
    ('calibration=FOLDER', 'tile=None')

    On the command line these are ``--skip-damaged``, ``--backend torch``, ``--precision``,
    ``--calibration FOLDER`` and ``--tile none``.

    Args:
        name: of the option, as in Python.
        value: that it is given; without one, the message speaks of the option itself.
    """
    if isinstance(value, float):
        value = Placeholder(f"{value:g}")
    flag = _flag_of(name)
    if flag is None:
        if value is _NAME_ALONE:
            return name
        is_text = isinstance(value, str) and not isinstance(value, Placeholder)
        return f'{name}="{value}"' if is_text else f"{name}={value}"
    if value is _NAME_ALONE or value is True:
        return flag
    return f"{flag} {'none' if value is None else value}"


def _flag_of(name: str) -> str | None:
    """The longest spelling of an option of the command that runs here, if one does."""
    context = click.get_current_context(silent=True)
    for parameter in context.command.params if context is not None else ():
        if parameter.name == name and isinstance(parameter, click.Option):
            return max(parameter.opts, key=len)
    return None
