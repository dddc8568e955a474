"""Flags that stand for keys of an experiment."""

import click
import pytest
from click.testing import CliRunner

from srcore.cli.overriding import beginning, beginning_options, overrides_option


@click.command()
@overrides_option
@beginning_options
def command(overrides, from_stage, weights):
    print(beginning(overrides, from_stage, weights))


@pytest.mark.parametrize(
    ("arguments", "keys"),
    [
        ([], ()),
        (["--set", "a=1", "--set", "b[0].c=x"], ("a=1", "b[0].c=x")),
        (["--from-stage", "gan"], ('first_stage="gan"',)),
        (
            ["--set", "a=1", "--weights", "x.pth", "--from-stage", "gan"],
            ('first_stage="gan"', 'generator.weights="x.pth"', "a=1"),
        ),
        (["--weights", 'a"b.pth'], (r'generator.weights="a\"b.pth"',)),
    ],
)
def test_flags_become_keys_and_what_is_set_comes_last(arguments, keys):
    made = CliRunner().invoke(command, arguments)
    assert (made.exit_code, made.output.strip()) == (0, str(keys))
