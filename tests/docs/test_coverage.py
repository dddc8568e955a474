"""The table of what published programs promise: its tests, commands, experiments and keys exist."""

import contextlib
import re
import shlex
from pathlib import Path

import click
import pytest

from srcore.cli.existing import ExistingPath
from srcore.cli.main import cli
from srcore.plugin.manager import plugins

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/methods/coverage.md"


def rows():
    method = ""
    for line in PAGE.read_text("utf-8").splitlines():
        if line.startswith("## "):
            method = line.removeprefix("## ").lower().replace("-", "")
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) == 4 and method and cells[0] != "promise" and set(cells[0]) != set("-"):
            yield pytest.param(method, *cells[1:3], id=f"{method}: {cells[0]}")


ROWS = list(rows())


def test_every_method_has_rows():
    assert {row.values[0] for row in ROWS} == {"dlsn", "esrdgan", "ldl", "sed", "usrdu"}
    assert len(ROWS) > 30


@pytest.mark.parametrize(("method", "here", "tested"), ROWS)
def test_a_row_names_what_exists(method, here, tested, monkeypatch):
    for kind in (click.Path, ExistingPath):
        monkeypatch.setattr(kind, "convert", lambda self, value, parameter, context: Path(value))
    named = re.findall(r"`([^`]+)`", tested)
    assert named or tested == "golden data"
    for name in named:
        beside = ROOT / "plugins" / f"srplug-{method}" / "tests"
        files = [ROOT / name] if "/" in name else list(beside.glob(f"**/{name}"))
        assert files, name
        assert files[0].is_file(), name
    for name in re.findall(rf"\b({method}/[\w]+)", here):
        assert name in plugins().registry.experiments()
    for line in re.findall(r"`(?:torchrun [^`]* -m )?(srcore [^`]+)`", here):
        assert_parsed(line)


def assert_parsed(line):
    """The command and its options exist; what a sentence leaves out may be missing."""
    cli.forget_added()
    plugins().hook.srcore_register_commands(cli=cli)
    command, words = cli, shlex.split(line)[1:]
    while isinstance(command, click.Group):
        command = command.get_command(click.Context(command), words.pop(0))
        assert command is not None, line
    context = click.Context(command, help_option_names=["-h", "--help"])
    with contextlib.suppress(click.MissingParameter):
        command.parse_args(context, words)
