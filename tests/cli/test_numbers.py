"""Numbers of all commands: no NaN and no infinity, which compare as nobody expects."""

import click
import pytest
from click.testing import CliRunner

from srcore.cli.main import main
from srcore.cli.numbers import FiniteRange, WholeRange
from srcore.testing.commands import all_commands


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e999"])
def test_numbers_that_are_none_are_refused(value):
    @click.command()
    @click.option("--number", type=FiniteRange(0, min_open=True))
    def command(number):
        """A command."""

    done = CliRunner().invoke(command, ["--number", value])
    assert done.exit_code == 2
    assert "Invalid value for '--number'" in done.output
    assert CliRunner().invoke(command, ["--number", "0.5"]).exit_code == 0


def test_all_commands_take_finite_numbers_only():
    with pytest.raises(SystemExit):
        main(["--version"])  # adds the commands of plugins
    loose = [
        f"{name} {parameter.name}"
        for name, command in all_commands().items()
        for parameter in command.params
        if isinstance(parameter.type, (click.FloatRange, click.types.FloatParamType))
        and not isinstance(parameter.type, FiniteRange)
    ]
    assert loose == []


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("0", "0 is not in the range x>=1"),
        ("2147483648", "expected a whole number up to 2147483647, found 2147483648"),
        ("2147483647", "2147483647\n"),
    ],
)
def test_whole_numbers_without_a_limit_end_where_tensors_do(number, expected):
    @click.command()
    @click.option("--number", type=WholeRange(1))
    def command(number):
        click.echo(number)

    assert expected in CliRunner().invoke(command, ["--number", number]).output
    assert "[x>=1]" in CliRunner().invoke(command, ["--help"]).output
