"""Two processes of a run: one that fails or is told to stop ends both, and nothing is lost."""

import contextlib
import os
import re
import signal
import time
from pathlib import Path
from types import ModuleType

import pytest
import torch
from ignite.engine import Events

import srcore
import srcore.engine.training  # forked processes do not load it again
import srcore.report.page
from srcore.engine.runner import run_experiment
from srcore.errors import SrcoreError
from srcore.plugin.manager import PluginManager, using
from srcore.testing import assert_same_state
from srcore.testing.killing import wait
from srcore.testing.ranks import fork_ranks

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks into /proc")

#: Seconds in which a run notices that one of its processes is gone.
SOON = 15


def told(act, engine, times):
    """A plugin that acts after the n-th iteration of the trainer or the evaluator."""
    stranger, seen = ModuleType("stranger"), []

    @srcore.hookimpl
    def srcore_engines_created(trainer, evaluator):
        def count(_):
            seen.append(1)
            if len(seen) == times:
                act()

        chosen = {"trainer": trainer, "evaluator": evaluator}[engine]
        chosen.add_event_handler(Events.ITERATION_COMPLETED, count)

    stranger.srcore_engines_created = srcore_engines_created
    return using(PluginManager(discover=False, extra=[stranger]))


@pytest.fixture
def launch(tiny_experiment, tmp_path):
    """Runs in two processes, of which some act; returns exit codes, lines and seconds of each."""

    def of(output, *settings, ranks=2, act=None, who=(), engine="trainer", times=2, **options):
        loaded = srcore.load_experiment(tiny_experiment, settings)
        logs = [tmp_path / f"{rank}.log" for rank in range(ranks)]
        for log in logs:
            log.unlink(missing_ok=True)

        def work(rank):
            with told(act if rank in who else lambda: None, engine, times):
                run_experiment(loaded, tmp_path / output, quiet=True, **options)

        began = time.monotonic()
        children = fork_ranks(work, logs)
        codes = [wait(child, 60) for child in children]
        texts = [log.read_text() for log in logs]
        assert not any("Traceback" in text for text in texts), texts
        lines = [re.findall("^srcore: .*$", text, re.MULTILINE) for text in texts]
        return codes, lines, time.monotonic() - began

    return of


def fail():
    raise SrcoreError("the disk of this process is gone")


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def processes():
    """All that live in the group of this process; readers stay in it when their run is killed."""
    found = set()
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state, _, group = (place / "stat").read_text().rpartition(")")[2].split()[:3]
            if state != "Z" and int(group) == os.getpgrp():
                found.add(int(place.name))
    return found


def assert_none_left(before):
    end = time.monotonic() + 2
    while processes() - before and time.monotonic() < end:
        time.sleep(0.02)
    assert not processes() - before, "no child is left"


@pytest.mark.parametrize("who", [0, 1])
@pytest.mark.parametrize(("act", "code"), [(fail, 1), (die, -signal.SIGKILL)])
@pytest.mark.parametrize(("engine", "times"), [("trainer", 2), ("evaluator", 1)])
def test_a_process_that_fails_ends_the_other_with_one_line(launch, who, act, code, engine, times):
    before = processes()
    codes, lines, seconds = launch(
        "runs", "data.train.workers=1", act=act, who=(who,), engine=engine, times=times
    )
    other = 1 - who
    assert codes[who] == code
    assert codes[other] == 1
    (line,) = lines[other]
    assert line == (
        f"srcore: process {other} of 2: another process of this run has ended, its own lines say "
        "why; continue all of them with --resume"
    )
    assert lines[who] == (["srcore: the disk of this process is gone"] if act is fail else [])
    assert seconds < SOON
    assert_none_left(before)


def stop():
    signal.raise_signal(signal.SIGTERM)


@pytest.mark.slow
@pytest.mark.parametrize("who", [(0,), (1,), (0, 1)])
@pytest.mark.parametrize("times", [1, 2])
def test_a_validation_that_is_told_to_stop_saves_and_is_repeated(launch, tmp_path, who, times):
    codes, lines, _ = launch("a", act=stop, who=who, engine="evaluator", times=times)
    assert codes == [143, 143]
    assert all(len(own) == 1 and "state saved in" in own[0] for own in lines)
    assert launch("a", resume=True)[0] == [0, 0]
    assert launch("b")[0] == [0, 0]
    same(tmp_path / "a/tiny", tmp_path / "b/tiny")


def same(one, other):
    for name in ("last.pt", "best.pt"):
        files = (torch.load(it / "checkpoints" / name, weights_only=True) for it in (one, other))
        assert_same_state(*files)
    for name in ("metrics.csv", "metrics.jsonl", "generator.safetensors"):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


@pytest.mark.slow
def test_another_number_of_processes_is_refused_unless_accepted(launch, tmp_path):
    assert launch("runs", "train.iterations=4")[0] == [0, 0]
    before = (tmp_path / "runs/tiny/checkpoints/last.pt").read_bytes()
    codes, (lines,), _ = launch("runs", ranks=1, resume=True)
    assert codes == [1]
    (line,) = lines
    assert "processes was 2, now 1" in line
    assert "--accept-changes" in line
    assert (tmp_path / "runs/tiny/checkpoints/last.pt").read_bytes() == before
    assert launch("runs", ranks=1, resume=True, accept_changes=True)[0] == [0]
    state = torch.load(tmp_path / "runs/tiny/checkpoints/last.pt", weights_only=True)
    assert state["iteration"] == 6
