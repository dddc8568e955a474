"""What is read of a command line before plugins are loaded."""

import pytest

from srcore.cli.command_line import Beginning


@pytest.mark.parametrize(
    ("line", "command", "without", "plugins"),
    [
        ("", "", (), ()),
        ("run x.toml --plugin y", "run", (), ()),
        ("--without a --plugin b.py run", "run", ("a",), ("b.py",)),
        ("--plugin=b.py --plugin c --without=a check x", "check", ("a",), ("b.py", "c")),
        ("--plugin", "", (), ()),
        ("-h --without run", "", ("run",), ()),
    ],
)
def test_options_before_the_command(line, command, without, plugins):
    asked = Beginning.of(line.split())
    assert (asked.command, asked.without, asked.plugins) == (command, without, plugins)


@pytest.mark.parametrize(
    ("line", "looks"),
    [
        ("", True),
        ("--help", True),
        ("run --help", True),
        ("--plugin x plugins", True),
        ("run x.toml", False),
        ("components", False),
    ],
)
def test_who_only_looks(line, looks):
    assert Beginning.of(line.split()).only_looks is looks


def test_the_version_needs_no_plugin():
    assert Beginning.of(["--version"]).is_about_version
    assert not Beginning.of(["run", "--version"]).is_about_version
