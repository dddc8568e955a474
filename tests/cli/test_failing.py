"""Every way in which a command can end badly has its lines and its exit code."""

import signal

import click
import pytest

from srcore.cli.failing import told_exit_code
from srcore.errors import ConfigError, Interrupted, Problem, SrcoreError

ENDINGS = {
    "failure": (SrcoreError("x: cannot be read"), 1, ["srcore: x: cannot be read"]),
    "problems": (ConfigError([Problem("a", "bad"), Problem("b", "bad")]), 2, 2),
    "signal": (Interrupted(signal.SIGTERM, "interrupted"), 143, ["srcore: interrupted"]),
    "Ctrl-C": (KeyboardInterrupt(), 130, ["srcore: interrupted"]),
    "prompt": (click.Abort(), 130, ["srcore: interrupted"]),
    "usage": (click.UsageError("x; y"), 2, ["srcore: x; y"]),
    "memory": (
        MemoryError("no room"),
        1,
        ["srcore: out of memory (no room); smaller images or networks need less"],
    ),
}


@pytest.mark.parametrize("name", ENDINGS)
def test_an_ending_is_told_and_has_a_code(name, capsys):
    error, code, lines = ENDINGS[name]
    assert told_exit_code(error) == code
    output = capsys.readouterr()
    assert output.out == ""
    told = output.err.splitlines()
    assert told == lines if isinstance(lines, list) else len(told) == lines


def test_what_nobody_expected_comes_with_its_traceback(capsys):
    assert told_exit_code(ZeroDivisionError("by zero")) == 1
    told = capsys.readouterr().err
    assert told.startswith("ZeroDivisionError: by zero")  # as it was never raised
    assert "did not expect this" in told.splitlines()[-1]
