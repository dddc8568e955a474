"""Flags of commands are the fields of a class: types, limits, defaults, meanings."""

from pathlib import Path
from typing import Annotated

import attrs
import click
import pytest
from click.testing import CliRunner

from srcore import option
from srcore.cli.flags import DeclaredOption, File, Folder, flag, flags
from srcore.inference.options import UpscaleOptions
from srcore.testing.commands import all_commands


@attrs.frozen(kw_only=True)
class Options:
    """Every kind of a field."""

    tile: int | None = option(None, "pixels", ge=2)
    factor: float | None = option(None, "a factor", gt=0)
    name: str = option("a", "a name")
    is_large: bool = option(False, "whether it is large")


def made(options, only=(), **defaults):
    seen = []

    @click.command()
    @flags("own", options, only, **defaults)
    def command(own):
        seen.append(own)

    def run(*arguments):
        result = CliRunner().invoke(command, arguments)
        return seen[-1] if result.exit_code == 0 and seen else result.output

    return run


def test_a_command_gets_an_object_of_the_class():
    run = made(Options)
    assert run() == Options()
    given = ("--tile", "3", "--factor", "0.5", "--name", "b", "--is-large")
    assert run(*given) == Options(tile=3, factor=0.5, name="b", is_large=True)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--tile", "1"), "1 is not in the range"),
        (("--factor", "0"), "0.0 is not in the range x>0"),
        (("--factor", "nan"), "expected a finite number, found nan"),
    ],
)
def test_limits_are_those_of_the_fields(arguments, expected):
    assert expected in made(Options)(*arguments)


def test_words_stand_beside_numbers():
    run = made(UpscaleOptions)
    assert run("--tile", "none", "--overlap", "7") == UpscaleOptions(tile=None, overlap=7)
    assert 'expected a number of pixels or auto, found "none"' in run("--overlap", "none")
    assert "'int7' is not one of 'float32'" in run("--precision", "int7")
    assert run("--calibration", ".") == UpscaleOptions(calibration=Path())
    assert "expected a folder; a/b does not exist" in run("--calibration", "a/b")


def test_a_command_may_have_some_of_the_fields_and_other_defaults():
    run = made(UpscaleOptions, ("tile", "seed"), tile="none")
    assert run() == UpscaleOptions(tile=None)
    assert "No such option" in run("--border", "8")


@attrs.frozen(kw_only=True)
class Places:
    """Fields that say how their values are written."""

    names: Annotated[str, "NAMES"] = option("a", "names")
    sizes: tuple[int, ...] = option((), "sizes", ge=1)
    table: File | None = option(None, "a table")
    folder: Folder | None = option(None, "a folder")


def test_annotations_say_how_values_are_written(tmp_path):
    run = made(Places)
    assert run() == Places()
    given = ("--sizes", "2", "--sizes", "3", "--table", "new.csv", "--folder", str(tmp_path))
    assert run(*given) == Places(sizes=(2, 3), table=Path("new.csv"), folder=tmp_path)
    assert "--names NAMES" in made(Places)("--help")
    assert "0 is not in the range" in run("--sizes", "0")
    assert "is a directory" in run("--table", str(tmp_path))


@attrs.frozen(kw_only=True)
class Limited:
    """Every kind of a limit."""

    side: int = option(help="pixels", ge=3, le=9, check=lambda it: "" if it % 2 else "even")
    share: float = option(0.25, "a share", gt=0, lt=1)
    power: float = option(1.0, "an exponent", ge=0, le=1)
    factor: float = option(1.0, "a factor")


def flagged(field, *arguments, **named):
    @click.command()
    @flag(Limited, field, **named)
    def command(**given):
        click.echo(repr(given))

    return CliRunner().invoke(command, arguments).output


def test_a_field_alone_is_a_parameter_of_its_own():
    assert flagged("share") == "{'share': 0.25}\n"
    assert flagged("side", "--side", "5") == "{'side': 5}\n"
    assert flagged("share", "--part", "0.5", name="part") == "{'part': 0.5}\n"


@pytest.mark.parametrize(
    ("field", "about"),
    [("share", "A share. [default: 0.25; 0<x<1]"), ("factor", "A factor. [default: 1.0] ")],
)
def test_help_is_that_of_the_field(field, about):
    assert about in " ".join(flagged(field, "--help").split())


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("side", "2", "2 is not in the range 3<=x<=9"),
        ("side", "11", "11 is not in the range 3<=x<=9"),
        ("side", "4", "Invalid value for '--side': even"),
        ("share", "1", "1.0 is not in the range 0<x<1"),
        ("power", "1.5", "1.5 is not in the range 0<=x<=1"),
    ],
)
def test_a_field_alone_has_its_limits(field, value, expected):
    assert expected in flagged(field, f"--{field}", value)


def test_a_field_without_a_default_is_required():
    assert "Missing option '--side'" in flagged("side")


def test_a_command_may_have_another_default_than_the_class():
    @click.command()
    @flag(Options, "name", default="b")
    def command(name):
        click.echo(name)

    assert CliRunner().invoke(command, []).output == "b\n"


def test_a_default_that_depends_on_the_machine_is_made_when_the_command_is_used():
    @attrs.frozen(kw_only=True)
    class Shared:
        workers: int = option(factory=lambda: counted[-1], help="processes", ge=1)

    @click.command()
    @flag(Shared, "workers")
    def command(workers):
        click.echo(workers)

    counted = [3]
    assert CliRunner().invoke(command, []).output == "3\n"
    counted.append(5)
    assert CliRunner().invoke(command, []).output == "5\n"


#: They stand nowhere else: a value that means "yes", a color of a picture, scales to compare.
OF_THE_COMMAND_ALONE = {
    ("convert", "scale"),
    ("ldl map", "maximum"),
    ("models", "scale"),
    ("ray upscale", "depth"),
    ("upscale", "depth"),
}


def is_declared_by_hand(parameter):
    if not isinstance(parameter, click.Option) or isinstance(parameter, DeclaredOption):
        return False
    told = parameter.to_info_dict()
    has_default = not parameter.is_flag and told["default"] not in (None, (), [])
    return has_default or bool({"choices", "min", "max"} & told["type"].keys())


def test_no_command_declares_a_default_limit_or_choice_that_a_class_could():
    """What stands at a command stands again wherever Python functions do the same."""
    made_by_hand = {
        (name, parameter.name)
        for name, command in all_commands().items()
        for parameter in command.params
        if is_declared_by_hand(parameter)
    }
    assert made_by_hand - OF_THE_COMMAND_ALONE == set()


def test_a_flag_may_have_another_name_than_its_field():
    run = made(Options, names={"is_large": "large"})
    assert run("--large") == Options(is_large=True)
    assert "No such option '--is-large'" in run("--is-large")
