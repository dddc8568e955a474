"""What ended a command: told on standard error, expected failures as one line; its exit code."""

from __future__ import annotations

import click

from srcore.cli import usage
from srcore.errors import SrcoreError, first_line


def told_exit_code(error: BaseException) -> int:
    """Print why a command ended, and say with which code the program ends.

    Args:
        error: whatever was raised but ``SystemExit``.

    Returns:
        1 for a failure, 2 for wrong use or configuration, 129, 130 or 143 for an interrupt.
    """
    if isinstance(error, SrcoreError):
        for line in error.lines:
            click.echo(f"srcore: {line}", err=True)
        return error.exit_code
    if isinstance(error, click.ClickException):
        if usage.is_help(error):
            error.show()
            return error.exit_code
        for line in usage.error_lines(error):
            click.echo(f"srcore: {line}", err=True)
        return error.exit_code
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        click.echo("srcore: interrupted", err=True)
        return 130
    from srcore.machine.memory import is_out_of_memory

    if is_out_of_memory(error):
        reason = first_line(error)
        click.echo(
            f"srcore: out of memory ({reason}); smaller images or networks need less", err=True
        )
        return 1
    from srcore.cli import unexpected

    unexpected.show(error)
    return 1
