"""Processes are joined by torchrun's numbers; one that is lost or hangs is told in one line."""

import os
import re
import signal
import time

import pytest
import torch
from ignite import distributed as idist

import srcore
import srcore.engine.training  # forked processes do not load it again
from srcore.engine.events import TrainingEvents
from srcore.launching import joining
from srcore.launching.joining import together
from srcore.launching.stages import run_experiment
from srcore.plugin.manager import PluginManager, using
from srcore.testing.killing import wait
from srcore.testing.ranks import fork_ranks, free_port


def lines_of(log):
    text = log.read_text()
    assert "Traceback" not in text, text
    return re.findall("^srcore: .*$", text, re.MULTILINE)


def seen(log):
    print(idist.get_rank(), idist.get_world_size(), idist.get_local_rank(), file=log.open("w"))


def test_alone_nothing_is_joined():
    with together() as is_main:
        assert is_main
        assert not torch.distributed.is_initialized()


def test_numbers_are_those_of_torchrun_whatever_slurm_says(tmp_path):
    logs = [tmp_path / f"{rank}.log" for rank in range(2)]
    # one torchrun on each of two nodes, as the processes of the first one see it
    told = "JOB_ID=7 PROCID=0 LOCALID=0 NTASKS=2 JOB_NODELIST=a[1-2] JOB_NUM_NODES=2"
    slurm = {f"SLURM_{name}": value for name, value in (it.split("=") for it in told.split())}

    def work(rank):
        os.environ.update(slurm)
        with together() as is_main:
            assert is_main == (rank == 0)
            seen(tmp_path / f"{rank}.txt")
        assert os.environ["SLURM_JOB_ID"] == "7"
        assert os.environ["LOCAL_RANK"] == str(rank)

    codes = [wait(child, 60) for child in fork_ranks(work, logs)]
    assert codes == [0, 0], [log.read_text() for log in logs]
    texts = [(tmp_path / f"{rank}.txt").read_text() for rank in range(2)]
    assert texts == ["0 2 0\n", "1 2 1\n"]


def test_a_process_that_hangs_ends_the_wait_of_the_others(tmp_path, monkeypatch):
    monkeypatch.setattr(joining, "SILENCE", 1.0)
    logs = [tmp_path / f"{rank}.log" for rank in range(2)]

    def work(rank):
        with together():
            if rank:
                os.kill(os.getpid(), signal.SIGSTOP)
            idist.barrier()

    first, second = fork_ranks(work, logs)
    began = time.monotonic()
    try:
        assert wait(first, 30) == 1
    finally:
        os.kill(second, signal.SIGKILL)
        os.waitpid(second, 0)
    assert time.monotonic() - began < 15
    assert lines_of(logs[0]) == [
        "srcore: process 0 of 2: another process of this run does not answer: it hangs, or its "
        "machine or network is gone; continue all of them with --resume"
    ]


def test_what_is_nobody_elses_fault_is_raised_as_it_is(tmp_path):
    def work(_):
        with pytest.raises(RuntimeError, match="own fault"), together():
            raise RuntimeError("own fault")

    children = fork_ranks(work, [tmp_path / f"{rank}.log" for rank in range(2)])
    assert [wait(child, 30) for child in children] == [0, 0]


@pytest.mark.slow
def test_a_process_killed_while_the_main_one_writes_a_checkpoint_loses_nothing(
    tiny_experiment, tmp_path
):
    class KillBeforeSaving:
        """A plugin of the main process."""

        @srcore.hookimpl
        def srcore_engines_created(self, trainer):
            trainer.add_event_handler(TrainingEvents.CHECKPOINT_DUE(once=4), self.kill)

        def kill(self):
            os.kill(int((tmp_path / "second").read_text()), signal.SIGKILL)

    def start(output, *, kills=False, resume=False):
        def work(rank):
            if rank == 1:
                (tmp_path / "second").write_text(str(os.getpid()))
            extra = [KillBeforeSaving()] if kills and rank == 0 else []
            with using(PluginManager(discover=False, extra=extra)):
                loaded = srcore.load_experiment(tiny_experiment)
                run_experiment(loaded, tmp_path / output, resume=resume, quiet=True)

        logs = [tmp_path / f"{output}_{rank}.log" for rank in range(2)]
        return [wait(child, 60) for child in fork_ranks(work, logs)]

    assert start("whole") == [0, 0]
    assert start("killed", kills=True) == [1, -signal.SIGKILL]
    (line,) = lines_of(tmp_path / "killed_0.log")
    assert "process 0 of 2: another process of this run has ended" in line
    assert start("killed", resume=True) == [0, 0]
    for name in ("metrics.jsonl", "generator.safetensors"):
        contents = [(tmp_path / it / "tiny" / name).read_bytes() for it in ("whole", "killed")]
        assert contents[0] == contents[1], name


@pytest.mark.gpu
def test_a_gpu_is_joined_over_nccl(gpu, tmp_path, monkeypatch, torchrun_variables):
    torchrun_variables(0, 1)
    monkeypatch.setenv("MASTER_PORT", str(free_port()))
    joining._join_processes()
    try:
        assert torch.distributed.get_backend() == ("nccl" if gpu.type == "cuda" else "gloo")
        assert idist.get_world_size() == 1
        assert float(idist.all_reduce(2.0)) == 2
    finally:
        joining._leave()
    assert not torch.distributed.is_initialized()
