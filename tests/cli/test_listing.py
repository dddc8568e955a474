"""Lists of commands in whole sentences."""

import click
import pytest
from click.testing import CliRunner

from srcore.cli.listing import ListingGroup
from srcore.plugin.manager import plugins
from srcore.testing.commands import run_command

LONG = "Does a thing that takes so many words to be told that no terminal has a line for them all."


@click.group(cls=ListingGroup)
def group():
    """Things."""


@group.command("second", help=f"{LONG} And more.")
def second():
    pass


@group.command("first", help="Quick.")
def first():
    pass


@group.command("third", hidden=True, help="Not for you.")
def third():
    pass


def test_sentences_go_on_in_the_next_line_and_commands_stay_in_their_order():
    text = CliRunner().invoke(group, ["--help"]).output
    listed = text.partition("Commands:\n")[2]
    assert " ".join(listed.split()) == f"second {LONG} first Quick."


def test_a_group_without_commands_lists_none():
    text = CliRunner().invoke(ListingGroup("empty"), ["--help"]).output
    assert "Commands:" not in text


@pytest.mark.parametrize("name", ["", "prepare", "esrdgan", "ldl", "usrdu"])
def test_no_list_of_ours_is_cut(capsys, name):
    known = {"", "prepare", *(it.name for it in plugins().plugins)}
    if name not in known:
        pytest.skip(f"srplug-{name} is not installed")
    _, text, _ = run_command(capsys, *filter(None, [name]), "--help")
    assert "Commands:" in text
    assert "...\n" not in text.partition("Commands:")[2]
