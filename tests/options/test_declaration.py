import doctest
from pathlib import Path
from typing import Literal

import attrs
import pytest

import srcore.options.declaration
from srcore.options.declaration import (
    LARGEST_INTEGER,
    Declaration,
    InvalidOptionError,
    defaults,
    option,
)
from srcore.options.describing import describe, type_name


@attrs.frozen(kw_only=True)
class Example:
    """An example."""

    size: int = option(3, "size in pixels", ge=1)
    factors: tuple[float, ...] = option((0.5, 1.0), "two factors", ge=0, le=1)
    name: str = option(help="a name")


@attrs.frozen(kw_only=True)
class Lists:
    """With a default that must not be shared."""

    values: list[str] = option(factory=lambda: ["a"], help="some")


def test_examples_in_the_docstring_hold():
    assert doctest.testmod(srcore.options.declaration).failed == 0


def test_defaults_are_those_of_the_keys_and_nothing_else():
    made = defaults(Example)
    assert (made.size, made.factors) == (3, (0.5, 1.0))
    assert not hasattr(made, "name")
    assert defaults(Lists).values == ["a"]


def test_limits_hold_for_every_element():
    with pytest.raises(InvalidOptionError, match="factors: expected numbers >= 0 and <= 1"):
        Example(name="x", factors=(0.5, 1.5))


def test_allowed_values_are_shown_as_toml_has_them():
    assert type_name(Literal["a", "b"]) == '"a" | "b"'
    assert type_name(Literal[3, 5]) == "3 | 5"


def test_description_comes_from_the_declaration():
    assert list(describe(Example)) == [
        ("size", "int", "3", "size in pixels (>= 1)"),
        ("factors", "tuple[float, ...]", "[0.5, 1.0]", "two factors (>= 0 and <= 1)"),
        ("name", "str", "required", "a name"),
    ]


@attrs.frozen(kw_only=True)
class Nested:
    """A table with a table."""

    file: Literal["default"] | Path = option("default", "where from")
    inner: Example = option(help="an example")


def test_keys_of_inner_tables_are_described_too():
    described = list(describe(Nested))
    assert described[0] == ("file", '"default" | path', '"default"', "where from")
    assert [row[0] for row in described[1:]] == ["inner.size", "inner.factors", "inner.name"]
    assert type_name(Example) == "table"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), (1.0, float("nan"))])
def test_numbers_are_finite(value):
    complaint = Declaration("").complaint(value)
    assert complaint.startswith("expected a finite number, found ")
    assert Declaration("").complaint({"layer": value}) == complaint


def test_whole_numbers_end_somewhere():
    assert Declaration("").complaint(LARGEST_INTEGER) == ""
    for value in (LARGEST_INTEGER + 1, -(10**30), [10**20]):
        assert "expected a whole number up to 2147483647, found" in Declaration("").complaint(value)
    assert Declaration("", lt=2**63).complaint(2**62) == ""
    assert "expected a number < 9.2" in Declaration("", lt=2**63).complaint(2**63)
