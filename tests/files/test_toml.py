"""Text to a table within bounds: beyond them, one phrase and no long wait."""

import pytest

from srcore.files.toml import (
    MAX_DEPTH,
    MAX_INTEGER,
    MAX_KEY,
    MAX_VALUES,
    MalformedTomlError,
    excesses,
    parse_toml,
)


def test_a_table_is_what_the_text_says():
    assert parse_toml('scale = 4\n[train]\nnames = ["a", "b"]\n') == {
        "scale": 4,
        "train": {"names": ["a", "b"]},
    }


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("scale = ", "malformed TOML: "),
        ("a = 1\nb = [", "at line 2, column 6, the end of the file"),
        (".".join("a" * (MAX_DEPTH + 1)) + " = 1", f"a key of more than {MAX_DEPTH} parts"),
        ("a = " + "[" * 5000, f"lists or tables nested more than {MAX_DEPTH} deep"),
        ("a = " + "9" * 5000, "a number of thousands of digits"),
    ],
)
def test_what_is_no_experiment_is_one_phrase(text, phrase):
    with pytest.raises(MalformedTomlError) as caught:
        parse_toml(text)
    assert phrase in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("table", "path", "message"),
    [
        ({"a": [{"b": MAX_INTEGER}]}, "a[0].b", "expected a whole number of at most 64 bits"),
        ({"a": {"k" * (MAX_KEY + 1): 1}}, f"a.{'k' * (MAX_KEY + 1)}", "a key above 128 characters"),
        ({"a": [0] * MAX_VALUES}, "", "more than 10000 values; is it an experiment?"),
    ],
)
def test_excesses_are_named_where_they_are(table, path, message):
    (problem,) = excesses(table)
    assert (problem.path, problem.message) == (path, message)


def test_what_lies_within_the_bounds_is_no_excess():
    table = {"k" * MAX_KEY: [-MAX_INTEGER, MAX_INTEGER - 1, True, 1.5, "a"]}
    assert list(excesses(table)) == []
    nested = 1
    for _ in range(MAX_DEPTH):
        nested = [nested]
    assert [it.path.count("[") for it in excesses({"a": nested})] == [MAX_DEPTH]
    assert list(excesses({"a": nested[0]})) == []
