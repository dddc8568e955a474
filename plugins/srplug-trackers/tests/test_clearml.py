"""Offline sessions of ClearML hold what metrics.jsonl holds, where CI is set too."""

import json
import os
import zipfile

import pytest

from srcore.testing.killing import fork, wait

pytestmark = pytest.mark.slow  # ClearML takes its time to start and end

pytest.importorskip("clearml")

HANDLER = '{type="clearml", offline=true, weights="last"}'


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


def in_child(work, log):
    """ClearML keeps threads and a task per process: each run gets one of its own."""
    assert wait(fork(work, log)) == 0, log.read_text()
    return log.read_text()


def test_values_settings_and_weights_and_a_resume(
    train, recorded, tmp_path, monkeypatch, away_from_home
):
    monkeypatch.setenv("CI", "1")
    log = in_child(lambda: train(HANDLER, "train.iterations=3"), tmp_path / "log")
    assert "was not told" not in log
    in_child(lambda: train(HANDLER, resume=True), tmp_path / "log")
    run = tmp_path / "runs/tiny"
    assert told(run) == sorted(recorded(run))
    sessions = sorted(run.glob("plugins/clearml/offline/*.zip"))
    assert len(sessions) == 2
    for session in sessions:
        with zipfile.ZipFile(session) as archive:
            names = archive.namelist()
            task = json.loads(archive.read("task.json"))
        assert "metrics.jsonl" in names
        assert any(name.endswith("generator.safetensors") for name in names)
        assert task["script"] is not None
    tasks = [path.read_text() for path in run.glob("plugins/clearml/offline/*/task.json")]
    assert any("train.batch_size" in task for task in tasks)
    assert "CLEARML_CACHE_DIR" not in os.environ
