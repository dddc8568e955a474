"""Processes of trials: they hear nothing but their sweep, and none outlives it."""

import os
import signal
import subprocess
import sys
import time

import pytest

from srcore.machine.processes import is_gone
from srcore.sweeps import child as module
from srcore.sweeps.child import Child
from srcore.sweeps.job import TrialJob

#: What stands in for the program, which would load torch.
PROGRAM = """
import os, signal, sys, threading, time
from srcore.sweeps import trial_process

def work_on(job):
    print("works on", job.experiment, flush=True)
    {work}

trial_process.work_on = work_on
sys.exit(trial_process.main())
"""


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Starts a process that does as a text of Python says."""
    children = []

    def make(work):
        popen = subprocess.Popen

        def other(command, **keywords):
            return popen([sys.executable, "-c", PROGRAM.format(work=work)], **keywords)

        with monkeypatch.context() as patch:
            patch.setattr(module.subprocess, "Popen", other)
            child = Child(TrialJob("x.toml", (), str(tmp_path)), tmp_path / "said" / "trial.txt")
        children.append(child)
        return child

    yield make
    for child in children:
        child.end_at_once()


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def ended(child):
    wait_for(lambda: child.ended() is not None)
    return child.ended()


def works(child):
    wait_for(lambda: "works on x.toml" in child.said.read_text())


@pytest.mark.parametrize(
    ("work", "code", "cause"),
    [
        ("pass", 0, ""),
        ("raise trial_process.SrcoreError('loss is NaN')", 1, "loss is NaN"),
        ("raise ZeroDivisionError('by zero')", 1, "ZeroDivisionError: by zero"),
        ("os._exit(7)", 7, "its process ended with exit code 7: works on x.toml"),
        ("os.kill(os.getpid(), 9)", -9, "its process ended with signal 9: works on x.toml"),
    ],
)
def test_how_it_ended_is_known(work, code, cause, start):
    child = start(work)
    assert ended(child) == code
    if cause:
        assert cause in child.cause()


@pytest.mark.parametrize("from_whom", ["sweep", "terminal"])
def test_it_stops_when_the_sweep_says_so_and_not_at_ctrl_c(from_whom, start):
    child = start("time.sleep(60)")
    works(child)
    if from_whom == "terminal":
        assert os.getpgid(child.process.pid) != os.getpgid(0), "Ctrl-C goes to a group"
        return
    child.ask_to_stop()
    assert ended(child) == -signal.SIGTERM  # nobody has said yet what to save


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_it_ends_with_the_sweep_that_was_killed(tmp_path):
    sweep = f"""
import sys, time
from pathlib import Path
from srcore.sweeps import child
popen = child.subprocess.Popen
program = {PROGRAM.format(work="time.sleep(60)")!r}
child.subprocess.Popen = lambda command, **k: popen([sys.executable, "-c", program], **k)
made = child.Child(child.TrialJob("x.toml", (), "."), Path({str(tmp_path / "said.txt")!r}))
print(made.process.pid, flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", sweep], stdout=subprocess.PIPE) as process:
        number = int(process.stdout.readline())
        said = tmp_path / "said.txt"
        wait_for(lambda: said.is_file() and "works on" in said.read_text())
        process.kill()
    wait_for(lambda: is_gone(number), 10)
