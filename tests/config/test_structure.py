"""Strict conversion of tables: what is wrong beside a wrong type is said at once."""

from pathlib import Path
from typing import Literal

import attrs
import pytest

from srcore.config.invalid import Invalid
from srcore.config.structure import Structurer
from srcore.options.declaration import option
from srcore.plugin.manager import PluginManager


@attrs.frozen(kw_only=True)
class Table:
    """One field of every plain type."""

    count: int = option(1, "a count", ge=1)
    share: float = option(0.5, "a share")
    is_on: bool = option(False, "a switch")
    name: str = option("a", "a name")
    way: Literal["in", "out"] = option("in", "a word")
    sides: tuple[int, int] = option((1, 2), "two numbers")
    file: Path | None = option(None, "a file")


@pytest.fixture(scope="module")
def structurer():
    return Structurer(PluginManager(discover=False).registry)


def complaints(structurer, value, cls=Table):
    with pytest.raises(Invalid) as caught:
        structurer.structure(value, cls)
    return {problem.path: problem.message for problem in caught.value.problems}


def selecting(structurer, kind, value):
    with pytest.raises(Invalid) as caught:
        structurer.select(kind, value)
    return [(problem.path, problem.message) for problem in caught.value.problems]


def test_values_that_mean_the_same_are_taken(structurer):
    table = structurer.structure({"count": 2.0, "share": 1, "sides": [3, 4]}, Table)
    assert table == Table(count=2, share=1.0, sides=(3, 4))
    assert type(table.count) is int
    assert type(table.share) is float


def test_nothing_else_is_converted_and_everything_is_said(structurer):
    wrong = {
        "count": 2.5,
        "share": "1",
        "is_on": 1,
        "name": 3,
        "way": "inn",
        "sides": [1],
        "fil": 1,
    }
    assert complaints(structurer, wrong) == {
        "count": "expected a whole number, found 2.5",
        "share": 'expected a number, found "1"',
        "is_on": "expected true or false, found 1",
        "name": "expected text, found 3",
        "way": 'expected one of "in", "out", found "inn"; did you mean "in"?',
        "sides": "expected a list of 2 values, found [1]",
        "fil": 'unknown key; did you mean "file"?',
    }


def test_what_could_be_converted_is_kept_beside_the_problems(structurer):
    with pytest.raises(Invalid) as caught:
        structurer.structure({"count": 0.5, "name": "b"}, Table)
    assert caught.value.partial == Table(name="b")


def test_a_limit_is_a_problem_of_its_key(structurer):
    assert complaints(structurer, {"count": 0}) == {"count": "expected a number >= 1, found 0"}


@pytest.mark.parametrize("value", [3, "text", [1]])
def test_what_is_no_table_is_said(structurer, value):
    assert list(complaints(structurer, value)) == [""]


def test_a_misspelt_type_hides_no_key_of_its_table(structurer):
    table = {"type": "rrdbnt", "num_blok": 3, "num_features": 0}
    assert selecting(structurer, "network", table) == [
        ("type", 'no network "rrdbnt"; did you mean "rrdbnet"?'),
        ("num_features", 'expected a number >= 1 and <= 4096, found 0 (if "rrdbnet" is meant)'),
        ("num_blok", 'unknown key; did you mean "num_blocks"? (if "rrdbnet" is meant)'),
    ]


def test_right_keys_of_a_misspelt_type_are_no_problem(structurer):
    table = {"type": "rrdbnt", "num_blocks": 3}
    assert [path for path, _ in selecting(structurer, "network", table)] == ["type"]


def test_a_type_that_may_mean_several_says_that_keys_are_unchecked(structurer):
    ((path, message),) = selecting(structurer, "metric", {"type": "psnr_", "y_chanel": True})
    assert path == "type"
    assert message == (
        'no metric "psnr_"; did you mean "psnr_b"? the other keys of this table are not checked yet'
    )
    ((path, message),) = selecting(structurer, "network", {"type": "zzz", "num_blok": 3})
    assert message.endswith("swinir; the other keys of this table are not checked yet")


def test_an_unknown_type_without_keys_says_nothing_of_keys(structurer):
    assert selecting(structurer, "network", {"type": "edr"}) == [
        ("type", 'no network "edr"; did you mean "edsr"?')
    ]
