"""Headings of options in the help."""

import re

import click
from click.testing import CliRunner

from srcore.cli.grouped import GroupedCommand, HeadedOption
from srcore.cli.upscale import command


def sections(help_text):
    """Flags by heading."""
    by_heading = {}
    for line in help_text.splitlines():
        if heading := re.fullmatch(r"(\w.*):", line):
            flags = by_heading.setdefault(heading[1], [])
        elif flag := re.match(r"  (?:-\w, )?(--[\w-]+)", line):
            flags.append(flag[1])
    return by_heading


def test_options_stand_under_their_headings_in_their_order():
    shapes = [HeadedOption([f"--{name}"], heading="Shapes") for name in ("round", "square")]
    made = GroupedCommand("draw", params=[shapes[0], click.Option(["--quiet"]), shapes[1]])
    told = sections(CliRunner().invoke(made, ["--help"]).output)
    assert told == {"Options": ["--quiet", "--help"], "Shapes": ["--round", "--square"]}


def test_a_command_without_headings_reads_as_ever():
    plain = click.Command("draw", params=[click.Option(["--quiet"], help="Say nothing.")])
    grouped = GroupedCommand("draw", params=plain.params)
    texts = [CliRunner().invoke(it, ["--help"], prog_name="draw").output for it in (plain, grouped)]
    assert texts[0] == texts[1]


def test_upscaling_has_no_section_that_does_not_fit_on_a_screen():
    told = sections(CliRunner().invoke(command, ["--help"]).output)
    assert len(told) == 6
    assert max(map(len, told.values())) <= 15
    assert "--tile" in told["How it is computed"]
    assert "--quality" in told["Formats"]
    assert "--weights" in told["Weights and device"]
