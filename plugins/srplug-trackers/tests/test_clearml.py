"""Offline sessions of ClearML hold what metrics.jsonl holds, where CI is set too."""

import json
import os
import subprocess
import sys
import zipfile

import pytest

pytestmark = pytest.mark.slow  # ClearML takes its time to start and end

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


RUN = """
import sys
from pathlib import Path

import srcore
from srcore.engine.stages import run_experiment

if __name__ == "__main__":
    experiment, output, resume, *settings = sys.argv[1:]
    loaded = srcore.load_experiment(experiment, settings)
    run_experiment(loaded, Path(output), quiet=True, resume=resume == "resume")
"""


@pytest.fixture
def train(tiny_experiment, tmp_path):
    """Train in a program of its own: ClearML has one task in each, forked ones included."""

    def run(*overrides, resume=""):
        settings = ["train.log_every=1", "train.images=1", f"handlers=[{HANDLER}]", *overrides]
        done = subprocess.run(
            [sys.executable, "-c", RUN, tiny_experiment, tmp_path / "runs", resume, *settings],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    return run


def test_values_settings_and_weights_and_a_resume(
    train, recorded, tmp_path, monkeypatch, away_from_home
):
    monkeypatch.setenv("CI", "1")
    assert "was not told" not in train("train.iterations=3")
    assert "was not told" not in train(resume="resume")
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
    assert "CLEARML_CACHE_DIR" not in os.environ
