"""Two nodes of torchrun, here two agents on one machine: what is killed and restarted is equal.

Every node is given the same command at all times, as a batch system or a cluster does it.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import srcore
import srcore.engine.training  # forked processes do not load it again
import srcore.report.page
from srcore.launching.stages import run_experiment
from srcore.testing import assert_same_state
from srcore.testing.forked_runs import content_of_run
from srcore.testing.killing import wait
from srcore.testing.ranks import fork_ranks, free_port

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks into /proc")

LONGER = [
    "train.iterations=60",
    "train.checkpoint_every=5",
    "train.validate_every=30",
    "train.images=1",
    "data.train.workers=1",
]
#: Seconds in which whatever is waited for happens.
SOON = 120


def children(process):
    try:
        text = Path(f"/proc/{process}/task/{process}/children").read_text()
    except OSError:
        return []
    return [int(number) for number in text.split()]


def until(condition):
    end = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < end, "what was waited for did not happen"
        time.sleep(0.01)


class Node:
    """An agent of torchrun with one process; ``start`` is what a batch system does, again too."""

    def __init__(self, number, experiment, output, options, variables):
        self.log = output.with_name(f"{output.name}_{number}.log")
        settings = [word for setting in LONGER for word in ("--set", setting)]
        run = ["run", experiment, "--output", output, "--resume", "--quiet", *settings]
        launch = [*["-m", "torch.distributed.run", "--nnodes=2", "--nproc-per-node=1"], *options]
        self.command = [sys.executable, *launch, "-m", "srcore", *map(str, run)]
        self.variables = variables
        self.agent = None

    def start(self):
        environment = os.environ | {"OMP_NUM_THREADS": "1"} | self.variables
        with self.log.open("ab") as log:
            self.agent = subprocess.Popen(self.command, env=environment, stdout=log, stderr=log)

    def processes(self):
        """Those that train."""
        return children(self.agent.pid)

    def kill(self, what):
        """Kill what trains here, torchrun, or both at once, as if the power had gone."""
        processes = self.processes()
        for process in [self.agent.pid] * (what != "process") + processes * (what != "torchrun"):
            os.kill(process, signal.SIGKILL)
        if what != "process":
            self.agent.wait(SOON)

    def end(self):
        with contextlib.suppress(OSError):
            self.kill("node")


@pytest.fixture
def nodes(tiny_experiment, tmp_path):
    """Two nodes that meet in one of several ways, not yet started."""
    port, made = free_port(), []

    def of(backend):
        for number in range(2):
            if backend == "static":
                options = f"--node-rank={number} --master-addr=127.0.0.1 --master-port={port}"
            else:  # the first one is the meeting point, whichever starts first
                options = (
                    f"--rdzv-backend=c10d --rdzv-endpoint=127.0.0.1:{port} --rdzv-id=1 "
                    f"--rdzv-conf=is_host={int(number == 0)} --local-addr=127.0.0.1"
                )
            options = ["--max-restarts=3", *options.split()]
            variables = {"TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1"} if backend == "anew" else {}
            made.append(Node(number, tiny_experiment, tmp_path / "runs", options, variables))
        return made

    yield of
    for node in made:
        node.end()


@pytest.fixture
def undisturbed(tiny_experiment, tmp_path):
    """The content of the run that nobody kills."""

    def work(_):
        loaded = srcore.load_experiment(tiny_experiment, LONGER)
        run_experiment(loaded, tmp_path / "undisturbed", quiet=True)

    for child in fork_ranks(work, [tmp_path / f"undisturbed_{rank}.log" for rank in range(2)]):
        assert wait(child, SOON) == 0
    return content_of_run(tmp_path / "undisturbed/tiny")


def killed_and_compared(nodes, output, undisturbed, kill):
    """Start both, kill after the first checkpoint, start what ended again, compare the end."""
    for node in nodes:
        node.start()
    until((output / "tiny/checkpoints/last.pt").is_file)
    kill()
    deadline = time.monotonic() + 2 * SOON
    while any(node.agent.poll() != 0 for node in nodes):
        for node in nodes:
            if node.agent.poll():  # a batch system starts what failed again
                node.start()
        assert time.monotonic() < deadline, [node.log.read_text()[-3000:] for node in nodes]
        time.sleep(0.1)
    texts = [node.log.read_text() for node in nodes]
    assert "resumed at iteration" in (output / "tiny/run.log").read_text(), texts
    said = [line for text in texts for line in text.splitlines() if line.startswith("srcore: ")]
    ours = r"srcore: (process \d of 2: another process of this run has ended, .*|interrupted at .*)"
    assert all(re.fullmatch(ours, line) for line in said), texts
    assert not any("srcore/" in text for text in texts if "Traceback" in text), texts
    content = content_of_run(output / "tiny")
    assert content.keys() == undisturbed.keys()
    assert any(name.endswith(".png") for name in content)
    for name, expected in undisturbed.items():
        if isinstance(expected, dict):
            assert_same_state(content[name], expected)
        else:
            assert content[name] == expected, name


def after_process(nodes, tmp_path, undisturbed, backend, which):
    pair = nodes(backend)
    killed_and_compared(pair, tmp_path / "runs", undisturbed, lambda: pair[which].kill("process"))


@pytest.mark.slow
@pytest.mark.parametrize(("backend", "which"), [("c10d", 0), ("static", 1)])
def test_a_killed_process_is_started_again_by_torchrun(
    nodes, tmp_path, undisturbed, backend, which
):
    after_process(nodes, tmp_path, undisturbed, backend, which)


@pytest.mark.stress
@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("backend", ["c10d", "static", "anew"])
def test_either_process_is_started_again_however_nodes_meet(
    nodes, tmp_path, undisturbed, backend, which
):
    after_process(nodes, tmp_path, undisturbed, backend, which)


def after_node(nodes, tmp_path, undisturbed, what, which):
    pair = nodes("anew")
    killed_and_compared(pair, tmp_path / "runs", undisturbed, lambda: pair[which].kill(what))


@pytest.mark.slow
@pytest.mark.parametrize(("what", "which"), [("torchrun", 0), ("node", 1)])
def test_a_killed_node_is_started_again_by_who_started_it(
    nodes, tmp_path, undisturbed, what, which
):
    after_node(nodes, tmp_path, undisturbed, what, which)


@pytest.mark.stress
@pytest.mark.parametrize("what", ["torchrun", "node"])
@pytest.mark.parametrize("which", [0, 1])
def test_either_node_is_started_again_whatever_is_killed(nodes, tmp_path, undisturbed, what, which):
    after_node(nodes, tmp_path, undisturbed, what, which)
