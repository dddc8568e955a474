"""Flags of commands are the fields of a class: types, limits, defaults, meanings."""

from pathlib import Path
from typing import Annotated

import attrs
import click
import pytest
from click.testing import CliRunner

from srcore import option
from srcore.cli.flags import File, Folder, flags
from srcore.inference.options import UpscaleOptions


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
    assert run("--calibration", "a") == UpscaleOptions(calibration=Path("a"))


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
