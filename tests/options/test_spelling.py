"""Messages name options as their reader gives them."""

import click
import pytest
from click.testing import CliRunner

from srcore.options.spelling import Placeholder, spelled


@click.command()
@click.option("-s", "--skip-damaged", is_flag=True)
@click.option("--tile")
def tiles(skip_damaged, tile):
    names = [
        spelled("skip_damaged", True),
        spelled("tile", None),
        spelled("tile", 64),
        spelled("tile"),
        spelled("tile", Placeholder("PIXELS")),
        spelled("resume", True),
    ]
    click.echo("; ".join(names))


def test_where_a_command_has_the_option_it_is_its_flag_else_a_keyword():
    expected = "--skip-damaged; --tile none; --tile 64; --tile; --tile PIXELS; resume=True\n"
    assert CliRunner().invoke(tiles, []).output == expected


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("skip_damaged", True), "skip_damaged=True"),
        (("tile", 64), "tile=64"),
        (("tile", "auto"), 'tile="auto"'),
        (("tile", Placeholder("PIXELS")), "tile=PIXELS"),
        (("tile",), "tile"),
    ],
)
def test_in_python_it_is_a_keyword(given, said):
    assert spelled(*given) == said
