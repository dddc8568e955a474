"""Numbers, texts and words of a file are what they are, or refused."""

from typing import Literal

import pytest

from srcore.config.invalid import Invalid
from srcore.config.plain_values import structure_literal, structure_plain


@pytest.mark.parametrize(
    ("value", "cls", "expected"),
    [
        (3, int, 3),
        (1e5, int, 100000),
        (float(2**53), int, 2**53),
        (3, float, 3.0),
        (-0.0, float, -0.0),
        (True, bool, True),
        ("", str, ""),
    ],
)
def test_a_value_of_the_type_is_taken(value, cls, expected):
    made = structure_plain(value, cls)
    assert (made, type(made)) == (expected, cls)


@pytest.mark.parametrize(
    ("value", "cls", "message"),
    [
        (2.5, int, "expected a whole number, found 2.5"),
        (float(2**54), int, "expected a whole number, found 1.8014398509481984e+16"),
        (True, int, "expected a whole number, found true"),
        ("3", int, 'expected a whole number, found "3"'),
        (True, float, "expected a number, found true"),
        (float("nan"), float, "expected a finite number, found nan"),
        (float("inf"), float, "expected a finite number, found inf"),
        (10**400, float, "expected a finite number, found 1000"),
        (1, bool, "expected true or false, found 1"),
        (1, str, "expected text, found 1"),
    ],
)
def test_anything_else_is_refused(value, cls, message):
    with pytest.raises(Invalid) as caught:
        structure_plain(value, cls)
    ((path, said),) = [(problem.path, problem.message) for problem in caught.value.problems]
    assert path == ""
    assert said.startswith(message)


def test_a_word_is_one_of_those_allowed_and_of_their_type():
    allowed = Literal["in", "out", 1]
    assert structure_literal("in", allowed) == "in"
    assert structure_literal(1, allowed) == 1
    for value, message in (
        ("inn", 'expected one of "in", "out", 1, found "inn"; did you mean "in"?'),
        (True, 'expected one of "in", "out", 1, found true'),
        ("1", 'expected one of "in", "out", 1, found "1"'),
    ):
        with pytest.raises(Invalid) as caught:
            structure_literal(value, allowed)
        assert caught.value.problems[0].message.startswith(message)
