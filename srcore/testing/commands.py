"""Commands, for tests of what they print and import, and of what every one of them does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import click
import pytest

from srcore.cli.main import cli, main

_ALONE = """\
import sys
from srcore.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
print(*sys.modules, file=sys.stderr)
"""


def run_command(capsys: pytest.CaptureFixture[str], *arguments: Any) -> tuple[Any, str, str]:
    """Run ``srcore`` with these arguments; exit code, output and errors."""
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    return caught.value.code, *capsys.readouterr()


def run_alone(*arguments: str) -> tuple[str, set[str]]:
    """Run ``srcore`` in a program of its own; output, and names of all modules it imported."""
    done = subprocess.run(
        [sys.executable, "-c", _ALONE, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout, set(done.stderr.splitlines()[-1].split())


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
