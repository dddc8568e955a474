"""Offline sessions of ClearML hold what metrics.jsonl holds, where CI is set too."""

import json
import os
import subprocess
import sys
import zipfile

import pytest

pytest.importorskip("clearml")

# Patient: what is tried is what is told, not how soon on a busy machine.
HANDLER = '{type="clearml", offline=true, weights="last", patience=600}'


def events(run):
    return [
        event
        for file in sorted(run.glob("plugins/clearml/offline/*/metrics.jsonl"))
        for line in file.read_text().splitlines()
        for event in json.loads(line)
    ]


def told(run):
    return sorted(
        (f"{event['metric']}/{event['variant']}", event["iter"], event["value"])
        for event in events(run)
        if event["type"] == "training_stats_scalar" and not event["metric"].startswith(":")
    )


SCRIPT = ("repository", "diff", "entry_point", "requirements")


RUN = """
import sys
from pathlib import Path

import attrs
import srcore
from srcore.launching.stages import run_experiment
from srcore.testing.killing import KilledAt


def has_been_told():
    files = Path(output).glob("tiny/plugins/clearml/offline/*/metrics.jsonl")
    return any(file.stat().st_size for file in files)


if __name__ == "__main__":
    experiment, output, what, *settings = sys.argv[1:]
    loaded = srcore.load_experiment(experiment, settings)
    if what == "kill":
        loaded = attrs.evolve(loaded, plugins=loaded.plugins.extended(KilledAt(6, has_been_told)))
    run_experiment(loaded, Path(output), quiet=True, resume=what == "resume")
"""


@pytest.fixture
def train(tiny_experiment, tmp_path):
    """Train in a program of its own: ClearML has one task in each, forked ones included."""

    def run(*overrides, what="", code=0):
        settings = ["train.log_every=1", "train.images=1", f"handlers=[{HANDLER}]", *overrides]
        command = [sys.executable, "-c", RUN, tiny_experiment, tmp_path / "runs", what, *settings]
        said = tmp_path / "said"  # no pipe: what a killed program leaves running keeps it open
        with said.open("w") as file:
            done = subprocess.run(command, stdout=file, stderr=file, check=False)
        assert done.returncode == code, said.read_text()
        return said.read_text()

    return run


@pytest.mark.slow  # ClearML takes its time to start and end
def test_values_settings_and_weights_and_a_resume(
    train, recorded, tmp_path, monkeypatch, away_from_home
):
    monkeypatch.setenv("CI", "1")
    assert "was not told" not in train("train.iterations=3")
    assert "was not told" not in train(what="resume")
    run = tmp_path / "runs/tiny"
    assert told(run) == sorted(recorded(run))
    sessions = sorted(run.glob("plugins/clearml/offline/*.zip"))
    assert len(sessions) == 2
    for session in sessions:
        with zipfile.ZipFile(session) as archive:
            names = archive.namelist()
        assert "metrics.jsonl" in names
        assert any(name.endswith("generator.safetensors") for name in names)
    tasks = [path.read_text() for path in run.glob("plugins/clearml/offline/*/task.json")]
    assert any("train.batch_size" in task for task in tasks)
    # Nothing of the repository that the packages happen to lie in: neither changes nor its address.
    scripts = [json.loads(task).get("script", {}) for task in tasks]
    assert not any(script.get(name) for script in scripts for name in SCRIPT)
    assert "CLEARML_CACHE_DIR" not in os.environ


@pytest.mark.stress  # 332 s beside other tests, passed on 27 November 2026
def test_a_killed_run_goes_on_in_a_further_session(train, recorded, tmp_path, away_from_home):
    train(what="kill", code=-9)
    run = tmp_path / "runs/tiny"
    before = told(run)
    assert before
    assert "was not told" not in train(what="resume")
    assert len([*run.glob("plugins/clearml/offline/*/metrics.jsonl")]) == 2
    assert told(run) == sorted(recorded(run))
    assert set(before) <= set(told(run))
