"""The process at the other end: it answers, or what became of it is told."""

import sys

import pytest

from srcore.errors import SrcoreError
from srcore.plugin.manager import PluginManager
from srcore.profiling import turn_taker
from srcore.profiling.turn_taker import TurnTaker

ANSWERING = """
import json, pathlib, sys
print("a library says hello")
for number, line in enumerate(sys.stdin):
    print(f"turn {0.5 + number}", flush=True)
    if number == 1:
        break
answer = {"losses": [{"l1": 0.25}]}
pathlib.Path(sys.argv[1], "answer.json").write_text(json.dumps(answer))
"""


@pytest.fixture
def taking(tmp_path, monkeypatch):
    """Has a piece of Python run in place of the training."""
    real = turn_taker.probe_command

    def made(code):
        def command(*arguments):
            return [sys.executable, "-c", code, real(*arguments)[-1]]

        monkeypatch.setattr(turn_taker, "probe_command", command)
        plugins = PluginManager(discover=False)
        return TurnTaker({"scale": 2}, plugins, 1, tmp_path / "probe", "compile = true")

    return made


def test_a_process_is_asked_for_each_step(taking):
    with taking(ANSWERING) as process:
        assert (process.step(), process.step()) == (0.5, 1.5)
        assert process.losses() == [{"l1": 0.25}]


def steps_of(process):
    while True:
        process.step()


@pytest.mark.parametrize("code", ["raise ValueError('what')", "import sys; sys.stdin.close(); 1/0"])
def test_one_that_ends_is_told_with_its_last_words(taking, code):
    with taking(code) as process, pytest.raises(SrcoreError, match=r"^compile = true: .* 1: "):
        steps_of(process)


def test_one_that_is_not_needed_any_more_is_ended(taking):
    with taking(ANSWERING) as process:
        process.step()
    assert process._process.returncode is not None
