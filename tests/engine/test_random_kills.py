"""Each process of a run killed at random moments: it ends in time with one line, and resumes.

Beside ``test_kills.py``, which kills the training process before every change of a file: here the
moment is any, and processes that read images and other ranks are killed too.
"""

import itertools
import os
import random
import re
import signal
import time
from collections import Counter
from pathlib import Path

import pytest
import torch

import srcore
import srcore.engine.training  # forked processes do not load it again
import srcore.report.page
from srcore.launching.stages import run_experiment
from srcore.testing import assert_same_state
from srcore.testing.killing import wait
from srcore.testing.pytest_plugin import TINY_GAN
from srcore.testing.ranks import fork_ranks

SUPERVISED = """
[train]
iterations = 40
checkpoint_every = 7
validate_every = 20
log_every = 3
"""
GAN = (
    TINY_GAN
    + """
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
)
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
LIMIT = 30  # seconds in which every end comes; 10 were too few beside seven busy processes


def start(experiment, output, logs):
    """Start all processes of a run; return their numbers."""
    loaded = srcore.load_experiment(experiment, [f"data.train.workers={2 // len(logs)}"])
    return fork_ranks(lambda _: run_experiment(loaded, output, resume=True, quiet=True), logs)


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


def strike(process, who, number, draw):
    """Send the signal to a reader or to the process itself; return whom it met alive, else None."""
    victim = process
    if who == "reader":
        readers = children(process)
        if not readers:
            return None
        victim = draw.choice(readers)
    if not is_alive(victim):
        return None
    os.kill(victim, number)
    return victim


def kill_once(experiment, output, folder, draw, who, number, longest):
    """Start a run and kill one of its processes at a random moment.

    Returns:
        Facts of the end, which are checked; None if there was nobody to kill any more.
    """
    ranks = 2 if experiment.stem == "ranks" else 1
    logs = [folder / f"{rank}.log" for rank in range(ranks)]
    for log in logs:
        log.write_text("")
    processes = start(experiment, output, logs)
    owner = draw.choice(processes)
    time.sleep(draw.uniform(0, longest))
    while who == "reader" and is_alive(owner) and not children(owner):
        time.sleep(0.005)
    readers = [child for process in processes for child in children(process)]
    began = time.monotonic()
    victim = strike(owner, who, number, draw)
    # a reader that is told to end leaves that to its run, which batch systems tell it too
    if victim is None or (who == "reader" and number == signal.SIGTERM):
        for process in processes:
            os.kill(process, signal.SIGTERM)
    codes = end(sorted(processes, key=lambda process: process != owner))
    took = time.monotonic() - began
    time.sleep(0.2)
    texts = [log.read_text() for log in logs]
    said = [re.findall("^srcore: .*$", text, re.MULTILINE) for text in texts]
    assert not any("Traceback" in text for text in texts), texts
    assert all(len(lines) <= 1 for lines in said), texts
    assert set(codes) <= {0, 1, 143, -signal.SIGKILL, -signal.SIGTERM}, (codes, texts)
    assert took < LIMIT
    while [reader for reader in readers if is_alive(reader)]:
        assert time.monotonic() < began + LIMIT, "no child is left"
        time.sleep(0.02)
    return None if victim is None else {"killed": f"{who} {number.name}", "seconds": took}


def finish(experiment, output, folder, ranks):
    logs = [folder / f"{rank}.log" for rank in range(ranks)]
    for process in start(experiment, output, logs):
        assert wait(process, 120) == 0, [log.read_text() for log in logs]


def assert_equal(first, second):
    """Compare state and records of two runs; return how many files were compared."""
    files = sorted(file.relative_to(first) for file in first.rglob("last.pt"))
    assert files
    for file in files:
        states = (torch.load(root / file, weights_only=True) for root in (first, second))
        assert_same_state(*states)
        for name in ("metrics.jsonl", "metrics.csv"):
            one, other = (root / file.parents[1] / name for root in (first, second))
            assert one.read_bytes() == other.read_bytes(), name
    return 3 * len(files)


def drawn(main, kills, draw):
    """Whom to kill with which signal: each pair as often as the others, in random order."""
    pairs = list(itertools.product((main, "reader"), (signal.SIGKILL, signal.SIGTERM)))
    deck = []
    while len(deck) < kills:
        deck += draw.sample(pairs, len(pairs))
    return deck[:kills]


def kill_often(tiny_experiment, tmp_path, kind, kills, seed):
    """Kill runs of one kind; each is resumed to its end and compared. Return facts of all kills."""
    ranks, draw = (2 if kind == "ranks" else 1), random.Random(f"{kind} {seed}")
    experiment = tiny_experiment.with_name(f"{kind}.toml")
    experiment.write_text(f'extends = "tiny.toml"\nname = "tiny"\n{KINDS[kind]}')
    began = time.monotonic()
    finish(experiment, tmp_path / "whole", tmp_path, ranks)
    longest = time.monotonic() - began
    outcomes, tries = [], 0
    for who, number in drawn("rank" if ranks > 1 else "trainer", kills, draw):
        facts = None
        while facts is None:
            tries += 1
            assert tries <= 5 * kills, "the runs end before they are killed"
            output = tmp_path / f"killed{tries}"
            facts = kill_once(experiment, output, tmp_path, draw, who, number, longest)
        finish(experiment, output, tmp_path, ranks)
        outcomes.append(facts | {"files compared": assert_equal(tmp_path / "whole", output)})
    return outcomes


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
        outcomes = kill_often(tiny_experiment, folder, kind, kills=10, seed=1)
        figures[kind] = {
            "kills": dict(sorted(Counter(facts["killed"] for facts in outcomes).items())),
            "slowest end in s": round(max(facts["seconds"] for facts in outcomes), 1),
            "resumed and equal to the whole run": sum(f["files compared"] > 0 for f in outcomes),
            "files compared": sum(facts["files compared"] for facts in outcomes),
        }
    stress_result("random_kills", **figures)
