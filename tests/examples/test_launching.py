"""The files that start a run on a cluster: they parse, and every flag in them exists.

SLURM's own commands are stood in for by two scripts, and nodes by agents on this machine; the
script of the example is run as it is.
"""

import contextlib
import os
import random
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

import srcore
import srcore.engine.training  # forked processes do not load it again
import srcore.report.page
from srcore.cli.run import command as run_command
from srcore.launching.stages import run_experiment
from srcore.testing import assert_same_state
from srcore.testing.forked_runs import content_of_run
from srcore.testing.killing import wait
from srcore.testing.ranks import fork_ranks

FOLDER = Path(__file__).parents[2] / "examples/launching"
SCRIPT, MANIFEST = FOLDER / "srcore_slurm.sh", FOLDER / "srcore_kubernetes.yaml"
#: Seconds in which whatever is waited for happens.
SOON = 120


def torchrun(words):
    """Options of torchrun by name, all known to it, and those of srcore, checked likewise."""
    from torch.distributed.run import get_args_parser

    assert words[0] == "torchrun"
    options = get_args_parser().parse_args(words[1:])
    assert (options.module, options.training_script) == (True, "srcore")
    name, *rest = options.training_script_args
    assert name == "run"
    context = click.Context(run_command)
    run_command.parse_args(context, list(rest))
    assert context.params["resume"], "it is started again by the same command"
    assert not context.params["overwrite"]
    return options


def variables_of(manifest):
    return {it["name"]: it["value"] for it in manifest["env"]}


def test_the_script_for_slurm_parses_and_asks_for_what_it_starts():
    done = subprocess.run(["bash", "-n", SCRIPT], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    text = SCRIPT.read_text("utf-8")
    asked = dict(re.findall(r"^#SBATCH --([\w-]+)(?:=(\S+))?", text, re.MULTILINE))
    assert {"nodes", "gpus-per-node", "requeue"} <= asked.keys()
    assert (asked["ntasks-per-node"], asked["open-mode"]) == ("1", "append")
    assert re.fullmatch(r"B:USR1@\d+", asked["signal"])
    (line,) = re.findall(r"^srun .*$", text.replace("\\\n", " "), re.MULTILINE)
    for name, value in {"SLURM_NNODES": "2", "{SLURM_GPUS_ON_NODE:-1}": "4", "@": "a.toml"}.items():
        line = line.replace(f"${name}", value)
    words = shlex.split(line.removesuffix("&"))
    options = torchrun(words[words.index("torchrun") :])
    assert (options.nnodes, options.nproc_per_node, options.max_restarts) == ("2", "4", 3)
    assert (options.rdzv_backend, options.rdzv_endpoint) == ("c10d", "$head:$port")


def test_the_manifest_for_kubernetes_parses_and_its_parts_fit():
    yaml = pytest.importorskip("yaml")
    service, job = yaml.safe_load_all(MANIFEST.read_text("utf-8"))
    assert (service["apiVersion"], service["kind"]) == ("v1", "Service")
    assert (job["apiVersion"], job["kind"]) == ("batch/v1", "Job")
    name, spec = job["metadata"]["name"], job["spec"]
    assert service["spec"]["clusterIP"] == "None"
    assert service["spec"]["selector"] == {"job-name": name}
    pod = spec["template"]["spec"]
    assert pod["subdomain"] == service["metadata"]["name"]
    assert (spec["completionMode"], pod["restartPolicy"]) == ("Indexed", "Never")
    (container,) = pod["containers"]
    options = torchrun(container["command"])
    nodes = int(options.nnodes)
    assert spec["completions"] == spec["parallelism"] == nodes
    assert int(options.nproc_per_node) == container["resources"]["limits"]["nvidia.com/gpu"]
    host, _, port = options.rdzv_endpoint.partition(":")
    assert host == f"{name}-0.{service['metadata']['name']}"
    assert port.isdigit()
    mounted = {it["name"] for it in container["volumeMounts"]}
    assert mounted == {it["name"] for it in pod["volumes"]}
    assert pod["terminationGracePeriodSeconds"] > 30, "torchrun waits so long"
    assert all(isinstance(value, str) for value in variables_of(container).values())


SRUN = """\
#!/bin/bash
# Start the command once for each node, with the variables of SLURM; pass the signal to stop on.
while [[ $1 == --* ]]; do shift; done
for node in $(seq 0 $((SLURM_NNODES - 1))); do
    SLURM_PROCID=$node SLURM_NODEID=$node SLURM_LOCALID=0 "$@" &
    tasks+=("$!")
done
trap 'kill -TERM "${tasks[@]}"' TERM
code=0
for task in "${tasks[@]}"; do
    while wait "$task"; own=$?; kill -0 "$task" 2>/dev/null; do :; done
    [ "$own" -eq 0 ] || code=$own
done
exit "$code"
"""
SCONTROL = """\
#!/bin/bash
if [ "$1" = show ]; then echo localhost; echo localhost; else echo "$@" >> "$TOLD"; fi
"""
SETTINGS = ["train.iterations=60", "train.checkpoint_every=5", "train.validate_every=30"]


def number_with_free_port():
    """A number of a job whose processes can meet, see the script."""
    while True:
        job = random.randrange(10000)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", 20000 + job))
            return job


@pytest.fixture
def batch(tmp_path):
    """Start the script as SLURM would on two nodes; ``tmp_path/told`` is what it asked SLURM."""
    folder = tmp_path / "commands"
    folder.mkdir()
    for name, text in {
        "srun": SRUN,
        "scontrol": SCONTROL,
        "torchrun": f'#!/bin/bash\nexec {sys.executable} -m torch.distributed.run "$@"\n',
    }.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    job = number_with_free_port()
    started = []

    def start(*arguments):
        told = f"JOB_ID={job} JOB_NODELIST=a[1-2] NNODES=2 JOB_NUM_NODES=2 NTASKS=2"
        slurm = {f"SLURM_{name}": value for name, value in (it.split("=") for it in told.split())}
        paths = {"PATH": f"{folder}:{os.environ['PATH']}", "TOLD": str(tmp_path / "told")}
        environment = os.environ | slurm | paths | {"OMP_NUM_THREADS": "1"}
        command = ["bash", SCRIPT, *map(str, arguments)]
        with (tmp_path / "batch.log").open("ab") as log:
            process = subprocess.Popen(
                command, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.mark.slow
def test_the_script_for_slurm_saves_is_queued_again_and_goes_on(batch, tiny_experiment, tmp_path):
    settings = [word for setting in SETTINGS for word in ("--set", setting)]
    arguments = (tiny_experiment, "--output", tmp_path / "runs", *settings)
    process, deadline = batch(*arguments), time.monotonic() + SOON
    while not (tmp_path / "runs/tiny/checkpoints/last.pt").is_file():
        assert process.poll() is None, (tmp_path / "batch.log").read_text()
        assert time.monotonic() < deadline, (tmp_path / "batch.log").read_text()
        time.sleep(0.01)
    process.send_signal(signal.SIGUSR1)
    assert process.wait(SOON) != 0
    text = (tmp_path / "batch.log").read_text()
    assert "state saved in" in text, text
    assert re.fullmatch(r"requeue \d+\n", (tmp_path / "told").read_text())
    assert batch(*arguments).wait(SOON) == 0, (tmp_path / "batch.log").read_text()
    assert (tmp_path / "told").read_text().count("requeue") == 1

    def work(_):
        loaded = srcore.load_experiment(tiny_experiment, SETTINGS)
        run_experiment(loaded, tmp_path / "whole", quiet=True)

    logs = [tmp_path / f"{rank}.log" for rank in range(2)]
    environment = os.environ.copy()
    assert [wait(child, SOON) for child in fork_ranks(work, logs)] == [0, 0]
    assert os.environ == environment
    whole, parts = (content_of_run(tmp_path / it / "tiny") for it in ("whole", "runs"))
    assert parts.keys() == whole.keys()
    for name, expected in whole.items():
        if isinstance(expected, dict):
            assert_same_state(parts[name], expected)
        else:
            assert parts[name] == expected, name
