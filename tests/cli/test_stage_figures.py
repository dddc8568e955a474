"""Figures of stages: lines as they come, or JSON at the end."""

import json

import attrs

from srcore.cli.stage_figures import echo_json, told_figures


@attrs.frozen
class Count:
    stage: str
    steps: int


def lines(it):
    yield f"{it.stage}: {it.steps}"


FOUND = [Count("first", 1), "the second does not train", Count("third", 3)]


def test_lines_come_as_they_are_found(capsys):
    figures = told_figures(iter(FOUND), lines, as_json=False)
    assert figures == [FOUND[0], FOUND[2]]
    assert capsys.readouterr().out == "first: 1\nthe second does not train\nthird: 3\n"


def test_as_json_at_the_end(capsys):
    figures = told_figures(iter(FOUND), lines, as_json=True)
    assert capsys.readouterr().out == ""
    echo_json("name", figures)
    told = json.loads(capsys.readouterr().out)
    assert told == {
        "name": "name",
        "stages": [{"stage": "first", "steps": 1}, {"stage": "third", "steps": 3}],
    }
