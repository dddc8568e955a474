"""Sweeps of true processes, killed at any moment: no trial is lost, none is done twice.

The same command again comes to the same runs, bit for bit, as a sweep that was never killed.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from srcore.machine.processes import is_gone
from srcore.sweeps.state import read_sweep
from srcore.testing import assert_same_state, write_tiny_images
from srcore.testing.forked_runs import content_of_run
from srcore.testing.pytest_plugin import TINY_EXPERIMENT

#: Dozens of processes that load torch.
slow = pytest.mark.slow

SWEEP = """
extends = "tiny.toml"
name = "swept"
[train]
iterations = 20
validate_every = 4
checkpoint_every = 4
[sweep]
search = "SEARCH"
trials = 3
random_trials = 2
[[sweep.parameters]]
key = "optimizer.generator.learning_rate"
low = 1e-5
high = 1e-2
log = true
[[sweep.parameters]]
key = "generator.num_features"
values = [4, 8]
"""
#: Kills of a test.
_KILLS = 4


def start(folder, output, jobs=2):
    command = ["-m", "srcore", "sweep", "swept.toml", "--output", output, "--jobs", str(jobs)]
    return subprocess.Popen(
        [sys.executable, *command], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def finish(process):
    text = process.communicate(timeout=500)[0].decode()
    assert "Traceback" not in text, text
    return process.returncode


def children_of(number):
    """Processes that a process has started and that are there."""
    path = f"/proc/{number}/task/{number}/children"
    try:
        with open(path) as stream:
            return [int(it) for it in stream.read().split()]
    except FileNotFoundError:
        return []


def wait_for(condition, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def folder(tmp_path):
    write_tiny_images(tmp_path / "train", 4)
    write_tiny_images(tmp_path / "validation", 1, seed=100)
    (tmp_path / "tiny.toml").write_text(TINY_EXPERIMENT)
    (tmp_path / "swept.toml").write_text(SWEEP.replace("SEARCH", "random"))
    return tmp_path


def lines_of(sweep):
    state = json.loads((sweep / "sweep.json").read_text())
    return state["trials"]


def assert_the_same(folder, one, other):
    """Equal values and ends, and in each trial equal records, states, weights and pictures."""
    first, second = (folder / name / "swept_sweep" for name in (one, other))
    trials = lines_of(first)
    assert trials == lines_of(second)
    for trial in trials:
        name = f"trial_{trial['number']:04d}"
        left, right = (content_of_run(it / name) for it in (first, second))
        assert_same_state(left, right, name)


@pytest.mark.parametrize(
    "search",
    [pytest.param("random", marks=slow), pytest.param("tpe", marks=pytest.mark.stress)],
)
def test_killed_again_and_again_it_comes_to_the_same_end(search, folder):
    if search == "tpe":
        pytest.importorskip("optuna")
    jobs = 1 if search == "tpe" else 2  # with several, tpe goes by what is finished by then
    text = (folder / "swept.toml").read_text()
    (folder / "swept.toml").write_text(text.replace('"random"', f'"{search}"'))
    began = time.monotonic()
    assert finish(start(folder, "whole", jobs)) == 0
    seconds = time.monotonic() - began  # a fast machine is killed as deep in its work as a slow one
    source = random.Random(search)
    kills = 0
    while True:
        process = start(folder, "killed", jobs)
        deadline = time.monotonic() + source.uniform(0.2, 0.6) * seconds
        while process.poll() is None and (kills == _KILLS or time.monotonic() < deadline):
            time.sleep(0.02)
        if process.poll() is not None:
            break
        trials = children_of(process.pid)
        whom = source.choice([process.pid, *trials])
        with_process = whom == process.pid
        os.kill(whom, signal.SIGKILL)
        kills += 1
        if with_process:
            process.communicate()
            for number in trials:  # none outlives the sweep
                wait_for(lambda number=number: is_gone(number), 20)
        else:
            finish(process)
    assert finish(process) == 0
    assert kills > 0
    state = read_sweep(folder / "killed/swept_sweep/sweep.json")
    assert [it.state for it in state.trials] == ["complete"] * 3
    assert_the_same(folder, "whole", "killed")


@slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_trials_with_their_state_saved(number, folder):
    text = (folder / "swept.toml").read_text()  # long enough for two trials to meet on any machine
    (folder / "swept.toml").write_text(text.replace("iterations = 20", "iterations = 120"))
    process = start(folder, "runs")
    run = folder / "runs/swept_sweep"
    wait_for(lambda: all((run / f"trial_000{it}/checkpoints/last.pt").is_file() for it in (0, 1)))
    wait_for(lambda: len(children_of(process.pid)) == 2)
    trials = children_of(process.pid)
    process.send_signal(number)
    assert finish(process) == 128 + number
    assert all(map(is_gone, trials))
    assert not (run / ".lock").exists()
    state = read_sweep(run / "sweep.json")
    assert len(state.trials) == 3
    assert finish(start(folder, "runs")) == 0
    assert finish(start(folder, "whole")) == 0
    assert_the_same(folder, "runs", "whole")


@slow
def test_a_trial_that_fails_does_not_keep_the_others(folder):
    text = (folder / "swept.toml").read_text().replace("high = 1e-2", "high = 1e30")
    (folder / "swept.toml").write_text(text.replace("trials = 3", "trials = 4"))
    assert finish(start(folder, "runs")) == 1
    trials = read_sweep(folder / "runs/swept_sweep/sweep.json").trials
    failed = [it for it in trials if it.state == "failed"]
    assert failed
    causes = [it.cause for it in failed]
    assert all(any(w in it for w in ("is nan", "is inf", "finite")) for it in causes), causes
    assert {it.state for it in trials} <= {"complete", "failed"}
