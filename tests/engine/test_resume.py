"""A run that was killed and resumed equals one that was not, bit for bit."""

import os
import signal
import subprocess
import sys
import time

import pytest
import torch
from safetensors.torch import load_file

from srcore.cli.main import main
from srcore.prepare.shards import prepare_shards
from srcore.testing import assert_same_state, write_tiny_images

STAGES = """
[train]
iterations = 12
checkpoint_every = 4
log_every = 1

[[stages]]
name = "first"
[[stages]]
name = "second"
from = "first"
"""


def arguments(experiment, output, *extra):
    return ["run", str(experiment), "--output", str(output), "--resume", "--quiet", *extra]


def run(experiment, output, *extra, code=0):
    with pytest.raises(SystemExit) as ended:
        main(arguments(experiment, output, *extra))
    assert ended.value.code == code


def kill_when(experiment, output, stage, iteration, number, *extra):
    """Start a run and send it a signal once it has recorded the iteration; return its exit code.

    All but SIGKILL go to its workers too, as terminals, torchrun and batch systems send them.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "srcore", *arguments(experiment, output, *extra)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    send = os.kill if number == signal.SIGKILL else os.killpg
    records = output / "tiny" / stage / "metrics.jsonl"
    deadline = time.monotonic() + 120
    try:
        while time.monotonic() < deadline and process.poll() is None:
            if records.is_file() and f'"iteration": {iteration},' in records.read_text():
                send(process.pid, number)
                break
            time.sleep(0.002)
        return process.wait(timeout=60)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def same(first, second, stage):
    last = f"tiny/{stage}/checkpoints/last.pt"
    assert_same_state(
        torch.load(first / last, weights_only=True), torch.load(second / last, weights_only=True)
    )
    for name in ("metrics.jsonl", "metrics.csv"):
        one, other = (root / "tiny" / stage / name for root in (first, second))
        assert one.read_text() == other.read_text(), name
    assert_same_state(
        *(load_file(root / "tiny" / stage / "generator.safetensors") for root in (first, second))
    )


@pytest.fixture
def staged(tiny_experiment):
    file = tiny_experiment.with_name("staged.toml")
    file.write_text('extends = "tiny.toml"\n' + STAGES)
    return file


@pytest.mark.parametrize("workers", [pytest.param(0, marks=pytest.mark.slow), 2])
def test_killed_and_resumed_run_is_bit_identical(staged, tmp_path, workers):
    extra = ("--set", f"data.train.workers={workers}")
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    run(staged, whole, *extra)
    # before the first checkpoint, between two of them, and in the second stage
    for stage, iteration in (("first", 3), ("first", 10), ("second", 6)):
        code = kill_when(staged, killed, stage, iteration, signal.SIGKILL, *extra)
        assert code == -signal.SIGKILL, "the run ended before it could be killed"
    run(staged, killed, *extra)
    for stage in ("first", "second"):
        same(whole, killed, stage)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
def test_killed_in_an_epoch_of_shards_and_resumed_is_bit_identical(staged, tmp_path, workers):
    """The order of shards is neither that of the folder nor that of another epoch."""
    place = staged.parent
    write_tiny_images(place / "many", 30)
    prepare_shards(place / "many", place / "shards", shard_size=0.03)
    assert len(list((place / "shards").glob("*.tar"))) > 5
    staged.write_text(
        staged.read_text()
        + '[data.train]\ntype = "images"\nhr_patch_size = 32\n'
        + 'hr = { type = "tar", path = "shards", window = 2 }\n'
    )
    test_killed_and_resumed_run_is_bit_identical(staged, tmp_path, workers)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_run_saves_and_exits_with_the_signals_code(
    tiny_experiment, tmp_path, number, code
):
    long = (
        "--set",
        "train.iterations=100000",
        "--set",
        "train.log_every=1",
        "--set",
        "data.train.workers=2",
    )
    output = tmp_path / "out"
    assert kill_when(tiny_experiment, output, "", 3, number, *long) == code
    state = torch.load(output / "tiny/checkpoints/last.pt", weights_only=True)
    assert state["iteration"] >= 3


def test_longer_training_continues_a_finished_run(tiny_experiment, tmp_path):
    run(tiny_experiment, tmp_path / "parts")
    run(tiny_experiment, tmp_path / "parts", "--set", "train.iterations=9")
    run(tiny_experiment, tmp_path / "whole", "--set", "train.iterations=9")
    first, second = (
        torch.load(tmp_path / name / "tiny/checkpoints/last.pt", weights_only=True)
        for name in ("parts", "whole")
    )
    assert_same_state(first["networks"], second["networks"])


def test_resuming_with_other_settings_is_refused(tiny_experiment, tmp_path, capsys):
    run(tiny_experiment, tmp_path)
    changed = ("--set", "train.iterations=8", "--set", "generator.num_blocks=2")
    run(tiny_experiment, tmp_path, *changed, code=1)
    refusal = "cannot resume with other settings: generator.num_blocks was 1, now 2"
    assert refusal in capsys.readouterr().err


def test_worker_count_does_not_change_what_is_trained_on(tiny_experiment, tmp_path):
    for workers in (0, 1, 3):
        output = tmp_path / str(workers)
        run(tiny_experiment, output, "--set", f"data.train.workers={workers}")
    for workers in (1, 3):
        same(tmp_path / "0", tmp_path / str(workers), "")
