"""The GPU day, rehearsed on the processor with tiny sizes."""

import json
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
    assert len(steps) == 11
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
