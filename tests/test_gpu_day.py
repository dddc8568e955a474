"""The GPU day, rehearsed on the processor with tiny sizes."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "benchmarks" / "gpu_day.py"


def rehearse(out, *arguments):
    command = [sys.executable, SCRIPT, "--rehearse", "--out", out, *arguments]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return {step["name"]: step for step in json.loads((out / "gpu_day.json").read_text())["steps"]}


@pytest.mark.slow
def test_every_step_ends_well(tmp_path):
    steps = rehearse(tmp_path / "out", "--minutes", "9")
    assert len(steps) == 12
    for name, step in steps.items():
        assert step["state"] == "done", f"{name}: {step['output']}"
        assert step["results"] or name == "tests", name
    for tool in ("memcheck", "racecheck"):
        assert steps["sanitizer"]["results"][f"sanitizer_{tool}"]["results"] == {
            "not run": "no device"
        }
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "gpu_day.json",
        "gpu_day.md",
    ]


@pytest.mark.slow
def test_what_the_time_does_not_suffice_for_is_listed(tmp_path):
    steps = rehearse(tmp_path / "out", "--minutes", "0.1", "--only", "environment", "recipes")
    assert {step["state"] for step in steps.values()} == {"not run"}
    assert "| recipes | not run | 0.0 |" in (tmp_path / "out" / "gpu_day.md").read_text()


FAILING = """
import pytest

@pytest.fixture
def broken():
    yield
    raise ValueError("no end")

def test_good(): pass
def test_bad(): assert 1 == 2, "one is two"
def test_end(broken): pass
@pytest.mark.skip(reason="not here")
def test_left_out(): pass
"""


@pytest.mark.parametrize("processes", ["0", "2"])
def test_what_fails_is_kept_at_once(tmp_path, processes):
    (tmp_path / "test_it.py").write_text(FAILING)
    benchmarks = str(SCRIPT.parent)
    variables = os.environ | {"SRCORE_BENCHMARK_RESULTS": str(tmp_path / "results")}
    variables.pop("PYTEST_XDIST_WORKER", None)
    variables["PYTHONPATH"] = os.pathsep.join([benchmarks, os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "pytest", "-q", "-p", "device_outcomes", "-n", processes]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", tmp_path],
        cwd=tmp_path,
        env=variables,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "failed (call): test_it.py::test_bad" in done.stderr
    outcomes = json.loads((tmp_path / "results" / "device_tests.json").read_text())["results"]
    assert (outcomes["passed"], outcomes["ended"]) == (2, 1)
    assert outcomes["without outcome"] == []
    assert "one is two" in outcomes["failed"]["test_it.py::test_bad, call"]
    assert "no end" in outcomes["failed"]["test_it.py::test_end, teardown"]
    assert ["test_left_out" in text and "not here" in text for text in outcomes["skipped"]] == [
        True
    ]


def test_a_short_day_gives_every_step_its_part(monkeypatch):
    monkeypatch.syspath_prepend(SCRIPT.parent)
    steps = importlib.import_module("gpu_day_steps")
    left, parts = 330.0, {}
    for number, step in enumerate(steps.STEPS):
        parts[step.name] = steps.share(steps.STEPS[number:], left)
        left -= parts[step.name]
    assert abs(left) < 1e-6
    whole = sum(step.seconds for step in steps.STEPS)
    for step in steps.STEPS:
        assert parts[step.name] == pytest.approx(step.seconds * 330 / whole)
    assert steps.share(steps.STEPS, 1500.0) == steps.STEPS[0].seconds


def test_a_result_is_made_of_several_days(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(SCRIPT.parent)
    taking = importlib.import_module("gpu_day_taking")

    def day(name, commit, **states):
        times = {"median": 1.23456789, "values": [1, 2]}
        surroundings = {"commit": commit, "device": f"GPU {name}", "date": "2026-11-27T01"}
        figures = {"results": {"ms": times, "at": "in /opt/a/b.py"}, "environment": surroundings}
        steps = [
            {"name": step, "state": state, "seconds": 1.0, "output": "", "results": {"r": figures}}
            for step, state in states.items()
        ]
        folder = tmp_path / name
        folder.mkdir()
        content = {"is_rehearsal": name == "rehearsal", "steps": steps}
        (folder / "gpu_day.json").write_text(json.dumps(content))
        return folder

    first = day("first", "a" * 40, environment="done", tests="cut off", training="done")
    second = day("second", "b" * 40, environment="not run", tests="done", training="cut off")
    made = taking.merged([taking.read(str(first)), taking.read(f"{second}@c0ffee0:tests")])
    assert made["commits"] == {"environment, training": "a" * 7, "tests": "c0ffee0"}
    assert made["date"] == "2026-11-27"
    devices = {step["name"]: step["device"] for step in made["steps"]}
    assert devices == {"environment": "GPU first", "tests": "GPU second", "training": "GPU first"}
    assert made["steps"][0]["results"]["r"]["results"] == {
        "ms": {"median": 1.23457},
        "at": "in b.py",
    }
    (tmp_path / "old.json").write_text(json.dumps(made))
    again = taking.read(f"{tmp_path / 'old.json'}:training")
    assert [step["name"] for step in again] == ["training"]
    rehearsal = day("rehearsal", "d" * 40, tests="done")
    with pytest.raises(SystemExit, match="a rehearsal on the processor is no result"):
        taking.read(str(rehearsal))
