"""A command of somebody else with the flags of ``srcore upscale``."""

import click
import pytest
from click.testing import CliRunner

from srcore.cli.upscale import command as upscale
from srcore.cli.upscale_flags import upscale_flags
from srcore.cli.writing import WritingCommand

ASKED = []


@click.command(cls=WritingCommand, before="depth", written="Format.")
@upscale_flags(click.option("--nodes", type=int))
def command(request, nodes):
    """Enlarge elsewhere."""
    ASKED.append((request, nodes))


def asked(*arguments):
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 0, result.output
    return ASKED.pop()


def test_what_is_asked_for_is_one_object():
    request, nodes = asked(
        *("a.png", "b.png", "-o", "out/", "--scale", "3", "--background", "#010203"),
        *("--tile", "64", "--format", "jpeg", "--quality", "80", "--json", "--nodes", "2"),
    )
    assert nodes == 2
    assert (request.inputs, request.output) == (("a.png", "b.png"), "out/")
    assert (request.sizing.scale, request.background) == (3, (1, 2, 3))
    assert request.upscaling.tile == 64
    assert request.writing.format == "jpeg"
    assert request.writing.given([".jpg"]) == {"quality": 80}
    assert request.as_json
    assert not request.resume


def test_flags_are_those_of_the_command_in_its_order():
    own, others = ([it.name for it in known.params] for known in (command, upscale))
    assert own[own.index("resume") - 1] == "nodes"
    own.remove("nodes")
    of_the_command_alone = [it for it in others if it not in own]
    assert "shared" in of_the_command_alone
    assert [it for it in others if it in own] == own


@pytest.mark.parametrize("color", ["green", "#12", "#1234567"])
def test_colors_are_checked(color):
    result = CliRunner().invoke(command, ["a.png", "--background", color])
    assert result.exit_code == 2
    assert "expected white, black or #rrggbb" in result.output
