"""Values of parameters: in a grid, by lot, and as they are written."""

import random

import pytest

from srcore.config.overrides import parse_override
from srcore.config.sweep_table import ParameterTable
from srcore.trials.parameters import (
    assignment,
    choices,
    complaints_about,
    drawn_value,
    number_between,
    tried_values,
)


def parameter(**keys):
    return ParameterTable(key="a.b", **keys)


@pytest.mark.parametrize(
    ("keys", "key", "words"),
    [
        ({}, "values", "expected values = [...], or low and high"),
        ({"low": 1.0}, "values", "expected values = [...], or low and high"),
        ({"values": (1,), "low": 1.0, "high": 2.0}, "values", "found both"),
        ({"values": (1,), "step": 1.0}, "values", "found both"),
        ({"low": 2.0, "high": 2.0}, "high", "expected a number > low = 2, found 2"),
        ({"low": 0.0, "high": 2.0, "log": True}, "low", "expected a number > 0 for log = true"),
        ({"low": 1.0, "high": 2.0, "log": True, "step": 1.0}, "step", "expected no step beside"),
        ({"low": 0.0, "high": 1e9, "step": 1.0}, "step", "expected at most 10000 steps"),
        ({"values": (1, 2, 1)}, "values", "expected different values"),
        ({"values": (1, 2), "log": True}, "log", "has no effect on values"),
    ],
)
def test_what_has_no_values_is_told(keys, key, words):
    ((where, message),) = complaints_about(parameter(**keys))
    assert where == key
    assert words in message


def test_true_is_another_value_than_one():
    assert not list(complaints_about(parameter(values=(True, 1))))


def test_steps_are_whole_where_they_can_be_and_reach_the_end():
    assert choices(parameter(low=4.0, high=16.0, step=4.0)) == (4, 8, 12, 16)
    assert choices(parameter(low=0.1, high=0.3, step=0.1)) == (0.1, 0.2, 0.3)
    assert choices(parameter(low=0.0, high=1.0, step=0.4)) == (0, 0.4, 0.8)
    assert all(type(it) is int for it in choices(parameter(low=1.0, high=3.0, step=1.0)))
    assert choices(parameter(low=0.0, high=1.0)) == ()


def test_logarithms_are_evenly_spread():
    table = parameter(low=1e-6, high=1e-2, log=True)
    assert number_between(table, 0.5) == 1e-4
    assert number_between(table, 0.0) == 1e-6
    assert number_between(table, 1.0) == 1e-2
    source = random.Random(0)
    drawn = [drawn_value(table, source) for _ in range(2000)]
    assert sum(it < 1e-4 for it in drawn) == pytest.approx(1000, abs=80)
    assert min(drawn) >= 1e-6
    assert max(drawn) <= 1e-2


def test_every_choice_is_drawn_about_as_often():
    source = random.Random(0)
    drawn = [drawn_value(parameter(values=("a", "b", "c")), source) for _ in range(3000)]
    assert {it: drawn.count(it) for it in "abc"} == pytest.approx(
        dict.fromkeys("abc", 1000), abs=100
    )


def test_a_range_of_numbers_is_tried_at_a_number_that_is_not_whole():
    assert any(not float(it).is_integer() for it in tried_values(parameter(low=4.0, high=8.0)))
    assert tried_values(parameter(low=4.0, high=8.0, step=2.0)) == (4, 8)
    assert tried_values(parameter(values=("a", "b", "c"))) == ("a", "b", "c")


@pytest.mark.parametrize("value", [1, 1e-5, 1e22, 0.1, True, "l1", 'a "b"\\\n', "é"])
def test_what_is_written_is_read_again(value):
    keys, read = parse_override(assignment("losses[0].weight", value))
    assert keys == ["losses[0]", "weight"]
    assert read == value
    assert type(read) is type(value)
