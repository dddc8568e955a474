"""Each process of a run killed at random moments: it ends in time with one line, and resumes.

Beside ``test_kills.py``, which kills the training process before every change of a file: here the
moment is any, and processes that read images and other ranks are killed too.
"""

import os
import random
import re
import signal
import socket
import time
from pathlib import Path

import pytest
import torch

import srcore
import srcore.engine.training  # forked processes do not load it again
import srcore.report.page
from srcore.engine.runner import run_experiment
from srcore.testing import assert_same_state
from srcore.testing.killing import fork, wait

SUPERVISED = """
[train]
iterations = 40
checkpoint_every = 7
validate_every = 20
log_every = 3
"""
GAN = """
[discriminator]
type = "patch"
num_layers = 1
num_features = 4

[method]
type = "gan"

[[losses]]
type = "l1"
[[losses]]
type = "adversarial"
weight = 0.1

[[data.train.transforms]]
type = "pair_pool"
size = 8

[train]
iterations = 30
checkpoint_every = 7
validate_every = 15
log_every = 4
ema_decay = 0.5
"""
STAGES = """
[train]
iterations = 15
checkpoint_every = 4
validate_every = 0
log_every = 2

[[stages]]
name = "first"
[[stages]]
name = "second"
from = "first"
"""
KINDS = {"supervised": SUPERVISED, "gan": GAN, "stages": STAGES, "ranks": SUPERVISED}
LIMIT = 10  # seconds in which every end comes


def start(experiment, output, logs, ranks):
    """Start all processes of a run; return their numbers."""
    loaded = srcore.load_experiment(experiment, [f"data.train.workers={2 // ranks}"])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def work(rank):
        if ranks > 1:
            os.environ |= {
                "RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(ranks),
                "LOCAL_WORLD_SIZE": str(ranks), "MASTER_ADDR": "127.0.0.1",
                "MASTER_PORT": str(port),
            }  # fmt: skip
        run_experiment(loaded, output, resume=True, quiet=True)

    return [fork(lambda rank=rank: work(rank), logs[rank]) for rank in range(ranks)]


def children(process):
    """The processes that a process started."""
    try:
        text = Path(f"/proc/{process}/task/{process}/children").read_text()
    except OSError:
        return []
    return [int(number) for number in text.split()]


def is_alive(process):
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def end(processes):
    """Wait as torchrun does: when one process fails, the others are told to end."""
    codes = {}
    deadline = time.monotonic() + LIMIT
    for process in processes:
        codes[process] = wait(process, max(0.1, deadline - time.monotonic()))
        if codes[process] and len(codes) < len(processes):
            for other in processes:
                if other not in codes:
                    os.kill(other, signal.SIGTERM)
    return [codes[process] for process in processes]


def kill_once(experiment, output, folder, draw, ranks, longest):
    """Start a run, kill one of its processes at a random moment, check its end; return facts."""
    logs = [folder / f"{rank}.log" for rank in range(ranks)]
    for log in logs:
        log.write_text("")
    processes = start(experiment, output, logs, ranks)
    time.sleep(draw.uniform(0, longest))
    readers = [child for process in processes for child in children(process)]
    victim, kind = draw.choice(processes), "rank" if ranks > 1 else "trainer"
    if readers and draw.random() < 0.5:
        victim, kind = draw.choice(readers), "reader"
    number = draw.choice([signal.SIGKILL, signal.SIGTERM])
    if is_alive(victim):
        os.kill(victim, number)
    began = time.monotonic()
    # a reader that is told to end does not, and a run that goes on is stopped here
    if kind == "reader" and number == signal.SIGTERM:
        for process in processes:
            os.kill(process, signal.SIGTERM)
    ordered = sorted(processes, key=lambda process: process != victim)
    codes = end(ordered)
    took = time.monotonic() - began
    time.sleep(0.2)
    texts = [log.read_text() for log in logs]
    said = [re.findall("^srcore: .*$", text, re.MULTILINE) for text in texts]
    assert not any("Traceback" in text for text in texts), texts
    assert all(len(lines) <= 1 for lines in said), texts
    assert set(codes) <= {0, 1, 143, -signal.SIGKILL, -signal.SIGTERM}, (codes, texts)
    assert took < LIMIT
    assert not [reader for reader in readers if is_alive(reader)], "no child is left"
    return {"killed": kind, "signal": number.name, "codes": codes, "seconds": took, "said": said}


def finish(experiment, output, folder, ranks):
    logs = [folder / f"{rank}.log" for rank in range(ranks)]
    for process in start(experiment, output, logs, ranks):
        assert wait(process, 120) == 0, [log.read_text() for log in logs]


def assert_equal(first, second):
    files = sorted(file.relative_to(first) for file in first.rglob("last.pt"))
    assert files
    for file in files:
        states = (torch.load(root / file, weights_only=True) for root in (first, second))
        assert_same_state(*states)
        for name in ("metrics.jsonl", "metrics.csv"):
            one, other = (root / file.parents[1] / name for root in (first, second))
            assert one.read_bytes() == other.read_bytes(), name


def kill_often(tiny_experiment, tmp_path, kind, kills, seed):
    """Kill runs of one kind, each a few times on its way to the end; return facts of all kills."""
    ranks, draw = (2 if kind == "ranks" else 1), random.Random(seed)
    experiment = tiny_experiment.with_name(f"{kind}.toml")
    experiment.write_text(f'extends = "tiny.toml"\nname = "tiny"\n{KINDS[kind]}')
    began = time.monotonic()
    finish(experiment, tmp_path / "whole", tmp_path, ranks)
    longest = time.monotonic() - began
    found = []
    while len(found) < kills:
        output = tmp_path / f"killed{len(found)}"
        for _ in range(min(2, kills - len(found))):
            found += [kill_once(experiment, output, tmp_path, draw, ranks, longest)]
        finish(experiment, output, tmp_path, ranks)
        assert_equal(tmp_path / "whole", output)
    return found


pytestmark = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks into /proc")


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_killed_processes_end_in_time_and_resume(tiny_experiment, tmp_path, kind):
    kill_often(tiny_experiment, tmp_path, kind, kills=2, seed=4)


@pytest.mark.stress
def test_forty_kills(tiny_experiment, tmp_path, stress_result):
    figures = {}
    for kind in KINDS:
        folder = tmp_path / kind
        folder.mkdir()
        found = kill_often(tiny_experiment, folder, kind, kills=10, seed=1)
        figures[kind] = {
            "kills": len(found),
            "of": {
                f"{who} {number}": sum((f["killed"], f["signal"]) == (who, number) for f in found)
                for who, number in sorted({(f["killed"], f["signal"]) for f in found})
            },
            "slowest end in s": round(max(f["seconds"] for f in found), 1),
            "resumed bit-identically": len(found),
        }
    stress_result("random_kills", **figures)
