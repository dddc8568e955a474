"""Every option of every command says what it is, and numbers within which limits."""

import re

import click
import pytest
from click.types import FloatParamType, FloatRange, IntParamType, IntRange

from srcore.testing.commands import all_commands

#: Numbers without limits are factors, or say their unit.
FACTOR_OR_UNIT = re.compile(r"\b(factor|pixels|seconds|hours|iterations)\b", re.IGNORECASE)


COMMANDS = all_commands()


def silent(command):
    """Options without help, and numbers without limits."""
    for option in command.params:
        if not isinstance(option, click.Option):
            continue
        if not option.help:
            yield f"{option.opts[0]}: no help"
        limits = (getattr(option.type, "min", None), getattr(option.type, "max", None))
        is_number = isinstance(option.type, (IntParamType, FloatParamType, IntRange, FloatRange))
        if is_number and limits == (None, None) and not FACTOR_OR_UNIT.search(option.help or ""):
            yield f"{option.opts[0]}: a number without limits"


@pytest.mark.parametrize("name", COMMANDS)
def test_options_have_a_help_and_numbers_have_limits(name):
    assert list(silent(COMMANDS[name])) == []


#: What would say nothing.
EMPTY_DEFAULT = re.compile(r"""\[default:\s*(""|''|\[\]|\(\)|\]|;)""")


@pytest.mark.parametrize("name", COMMANDS)
def test_no_help_shows_an_empty_default(name):
    command = COMMANDS[name]
    assert not EMPTY_DEFAULT.search(command.get_help(click.Context(command)))


def test_an_empty_default_is_found():
    @click.command()
    @click.option("--a", default="", show_default=True, help="What.")
    def command():
        pass

    assert EMPTY_DEFAULT.search(command.get_help(click.Context(command)))


def test_commands_of_plugins_are_looked_at():
    assert {"usrdu kernels", "esrdgan import", "ldl map", "upscale"} <= COMMANDS.keys()


def test_what_says_nothing_is_told():
    @click.command()
    @click.option("--a")
    @click.option("--b", type=int, help="How many.")
    @click.option("--c", type=float, help="Of the border, in pixels.")
    @click.option("--d", type=click.IntRange(1), help="How many.")
    def command():
        pass

    assert list(silent(command)) == ["--a: no help", "--b: a number without limits"]
