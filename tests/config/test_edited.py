"""A key is set, and every other line of the file stays as it was."""

from pathlib import Path

import pytest

from srcore.config.edited import with_key
from srcore.errors import DataError
from srcore.files.toml import parse_toml

ROOT = Path(__file__).parents[2]
FILES = sorted(
    path
    for pattern in ("srcore/experiments/*.toml", "plugins/*/srplug_*/experiments/*.toml")
    for path in ROOT.glob(pattern)
)
TRAIN = ("train", "compile")
FIRST, SECOND = ("stages", 0, "train", "compile"), ("stages", 1, "train", "compile")

CASES = {
    "a table without the key": (
        "[train]\n# as published\niterations = 5  # few\n\n# data\n[data.train]\ntype = 'x'\n",
        TRAIN,
        "[train]\n# as published\niterations = 5  # few\ncompile = true\n\n# data\n[data.train]\n"
        "type = 'x'\n",
    ),
    "a table with the key and a comment": (
        "[train]\ncompile   =  false   # slow\niterations = 5\n",
        TRAIN,
        "[train]\ncompile   =  true   # slow\niterations = 5\n",
    ),
    "the same key in another table": (
        "[other]\ncompile = false\n[train]\n",
        TRAIN,
        "[other]\ncompile = false\n[train]\ncompile = true\n",
    ),
    "no table": ("scale = 2\n", TRAIN, "scale = 2\n\n[train]\ncompile = true\n"),
    "no table and no end of the line": ("a = 2", TRAIN, "a = 2\n\n[train]\ncompile = true\n"),
    "a table of one line": (
        "train = { iterations = 5 }  # {few}\n",
        TRAIN,
        "train = { iterations = 5, compile = true }  # {few}\n",
    ),
    "an empty table of one line": ("train = {}\n", TRAIN, "train = { compile = true}\n"),
    "a table of one line with the key": (
        "train = {compile=false, iterations=5}\n",
        TRAIN,
        "train = {compile=true, iterations=5}\n",
    ),
    "dotted keys": (
        "train.iterations = 5\nscale = 2\n[data]\n",
        TRAIN,
        "train.iterations = 5\ntrain.compile = true\nscale = 2\n[data]\n",
    ),
    "a list of several lines at the end": (
        "[train]\nwords = [\n  'a',\n  # b\n]\n[data]\n",
        TRAIN,
        "[train]\nwords = [\n  'a',\n  # b\n]\ncompile = true\n[data]\n",
    ),
    "a text that looks like a header": (
        "[train]\nnote = '''\n[data]\nx = 1\n'''\n",
        TRAIN,
        "[train]\ncompile = true\nnote = '''\n[data]\nx = 1\n'''\n",
    ),
    "lines as Windows ends them": (
        "[train]\r\niterations = 5\r\n",
        TRAIN,
        "[train]\r\niterations = 5\r\ncompile = true\r\n",
    ),
    "an indented table": ("  [train]\n  a = 1\n", TRAIN, "  [train]\n  a = 1\n  compile = true\n"),
    "the second stage's own table": (
        "[[stages]]\nname = 'a'\n[stages.train]\nx = 1\n[[stages]]\nname = 'b'\n[stages.train]\n",
        SECOND,
        "[[stages]]\nname = 'a'\n[stages.train]\nx = 1\n[[stages]]\nname = 'b'\n[stages.train]\n"
        "compile = true\n",
    ),
    "a stage without a table": (
        "[train]\ncompile = false\n[[stages]]\nname = 'a'\n\n[[stages]]\nname = 'b'\n",
        FIRST,
        "[train]\ncompile = false\n[[stages]]\nname = 'a'\ntrain.compile = true\n\n[[stages]]\n"
        "name = 'b'\n",
    ),
    "a stage with a table of one line": (
        "[[stages]]\nname = 'a'\ntrain = { iterations = 5 }\n[[stages]]\nname = 'b'\n",
        FIRST,
        "[[stages]]\nname = 'a'\ntrain = { iterations = 5, compile = true }\n[[stages]]\n"
        "name = 'b'\n",
    ),
    "stages in a list": (
        "stages = [\n  { name = 'a' },\n  { name = 'b', train = { x = 1 } },\n]\n",
        FIRST,
        "stages = [\n  { name = 'a', train.compile = true },\n"
        "  { name = 'b', train = { x = 1 } },\n]\n",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_key_is_set_where_its_table_is(case):
    text, place, expected = CASES[case]
    assert with_key(text, place, "true") == expected


def places(text):
    stages = parse_toml(text).get("stages", [])
    return [("train",), *(("stages", index, "train") for index in range(len(stages)))]


@pytest.mark.parametrize("path", FILES, ids=lambda it: it.stem)
def test_all_shipped_experiments_can_be_edited_and_keep_all_other_lines(path):
    text = path.read_text("utf-8")
    for place in places(text):
        for key, literal in [("channels_last", "true"), ("precision", '"bfloat16"')]:
            edited = with_key(text, (*place, key), literal)
            table = parse_toml(edited)
            for name in place:
                table = table[name]
            assert table[key] == parse_toml(f"v = {literal}")["v"]
            before, after = text.splitlines(), edited.splitlines()
            changed = [line for line in before if line not in after]
            assert len(changed) <= 1
            assert len(after) - len(before) <= 3
            assert all(key in line or "#" in line for line in changed)


def test_many_files_were_tried():
    assert len(FILES) > 30


def test_what_has_no_place_is_told():
    with pytest.raises(DataError, match=r"no place .* train\.compile = true; write it by hand"):
        with_key(
            '"train" = {\n}\n'.replace("\n}", "}").replace('"train"', "'train'"), TRAIN, "true"
        )


def test_an_edit_can_be_taken_back_to_the_byte():
    text = "[train]\ncompile = true # so\n"
    assert with_key(with_key(text, TRAIN, "false"), TRAIN, "true") == text
