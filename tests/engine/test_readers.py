"""Whatever happens to the processes that read images: one line in time, and no child is left."""

import multiprocessing
import os
import re
import signal
import threading
import time
from types import ModuleType

import pytest
import torch

import srcore
from srcore.engine import readers
from srcore.errors import DataError, Interrupted, SrcoreError
from srcore.launching.stages import run_experiment
from srcore.machine import shared_memory
from srcore.plugin.manager import PluginManager, using

LONG = ("data.train.workers=2", "train.iterations=100000", "train.validate_every=0")
STEP = "srcore.methods.supervised.Supervised.step"
READ = "srcore.engine.sampling.TrainingImages.__getitem__"


def run(experiment, output, *overrides):
    run_experiment(srcore.load_experiment(experiment, [*LONG, *overrides]), output)


#: Children of other tests, such as the worker of a server that a whole session uses.
OTHERS = set()


def running_readers():
    """Readers come and go with a stage; a training process has no other children of its own."""
    return [it for it in multiprocessing.active_children() if it not in OTHERS]


@pytest.fixture(autouse=True)
def no_child_is_left():
    OTHERS.clear()
    OTHERS.update(multiprocessing.active_children())
    yield
    assert not running_readers()


def hang(_images, _key):
    time.sleep(60)


def at_iteration(monkeypatch, number, act):
    """Call ``act`` in the training process once, in an iteration."""
    from srcore.methods.supervised import Supervised

    step = Supervised.step

    def acting(self, batch):
        if self.parts.iteration == number:
            act()
        return step(self, batch)

    monkeypatch.setattr(STEP, acting)


def signal_a_reader(number):
    os.kill(min(reader.pid for reader in running_readers()), number)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_killed_reader_is_named_with_the_images_and_a_cure(
    tiny_experiment, tmp_path, monkeypatch, number
):
    at_iteration(monkeypatch, 3, lambda: signal_a_reader(number))
    began = time.monotonic()
    with pytest.raises(DataError) as caught:
        run(tiny_experiment, tmp_path)
    assert time.monotonic() - began < 30
    assert re.fullmatch(
        rf"iteration \d+: a process that reads images was killed by {number.name}, while it was "
        r"to read \d\d, .*data\.train\.workers.*; continue with --resume",
        str(caught.value),
    )


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_reader_that_is_killed_while_it_starts_is_one_line(
    tiny_experiment, tmp_path, monkeypatch, number
):
    start = readers.Readers._start

    def start_and_lose_one(self):
        batches = start(self)
        living, end = len(running_readers()), time.monotonic() + 20
        signal_a_reader(number)
        while len(running_readers()) == living and time.monotonic() < end:
            time.sleep(0.02)
        return batches

    monkeypatch.setattr(readers.Readers, "_start", start_and_lose_one)
    with pytest.raises(DataError) as caught:
        run(tiny_experiment, tmp_path)
    assert re.fullmatch(
        r"iteration 1: a process that reads images ended while it was started \(.*"
        r"data\.train\.workers.*\); continue with --resume",
        str(caught.value),
    )


@pytest.mark.parametrize("stopped", [False, True])
def test_reader_that_never_answers_ends_at_the_limit(
    tiny_experiment, tmp_path, monkeypatch, stopped
):
    if stopped:  # also where a batch was announced and is not handed over
        at_iteration(monkeypatch, 3, lambda: signal_a_reader(signal.SIGSTOP))
    else:
        monkeypatch.setattr(readers, "batches_ahead", lambda size, workers: 1)
        monkeypatch.setattr(READ, hang)
        monkeypatch.setattr(readers.Readers, "_batch_bytes", lambda self: 0)
    expected = r"no batch came in 1 s \(data\.train\.batch_timeout\), while it was to read \d\d, "
    with pytest.raises(DataError, match=expected):
        run(tiny_experiment, tmp_path, "data.train.batch_timeout=1")


def test_signal_while_waiting_for_images_saves_and_ends(tiny_experiment, tmp_path, monkeypatch):
    def stop_reading_then_signal():
        for reader in running_readers():
            os.kill(reader.pid, signal.SIGSTOP)
        threading.Timer(1, os.kill, (os.getpid(), signal.SIGTERM)).start()

    at_iteration(monkeypatch, 3, stop_reading_then_signal)
    began = time.monotonic()
    with pytest.raises(Interrupted, match=r"interrupted at iteration \d+ of 100000; state") as end:
        run(tiny_experiment, tmp_path)
    assert end.value.exit_code == 143
    assert time.monotonic() - began < 30
    state = torch.load(tmp_path / "tiny/checkpoints/last.pt", weights_only=True)
    assert state["iteration"] >= 3


def test_error_in_a_hook_leaves_no_reader(tiny_experiment, tmp_path):
    from ignite.engine import Events

    stranger = ModuleType("stranger")

    @srcore.hookimpl
    def srcore_engines_created(trainer):
        @trainer.on(Events.ITERATION_COMPLETED(once=2))
        def fail():
            raise SrcoreError("the disk of the handler is full")

    stranger.srcore_engines_created = srcore_engines_created
    manager = PluginManager(discover=False, extra=[stranger])
    with using(manager), pytest.raises(SrcoreError, match="of the handler is full"):
        run(tiny_experiment, tmp_path)


def test_too_little_shared_memory_is_said_before_the_start(tiny_experiment, tmp_path, monkeypatch):
    usage = type("Usage", (), {"free": 65536})
    monkeypatch.setattr(shared_memory.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(DataError) as caught:
        run(tiny_experiment, tmp_path, "train.batch_size=16")
    assert str(caught.value) == (
        "/dev/shm: 0.1 MiB of shared memory are free, but 2 processes that read images, each with "
        "a batch of 0.1 MiB, need 0.2; make it larger (docker run --shm-size=8g, or --ipc=host), "
        "or lower data.train.workers (0 needs none) or train.batch_size"
    )


def test_shared_memory_that_fills_up_later_is_said(tiny_experiment, tmp_path, monkeypatch):
    def no_room(self, *_):
        raise RuntimeError(
            "unable to allocate shared memory(shm) for file </torch_1>: No space left on device"
        )

    monkeypatch.setattr("torch.UntypedStorage.share_memory_", no_room)
    with pytest.raises(DataError, match=r"^/dev/shm: no room for a batch in shared memory \(unab"):
        run(tiny_experiment, tmp_path)


def test_fewer_batches_are_read_ahead_where_room_is_scarce(monkeypatch, caplog):
    usage = type("Usage", (), {"free": 6 * 2**20})
    monkeypatch.setattr(shared_memory.shutil, "disk_usage", lambda path: usage)
    assert shared_memory.batches_ahead(2**18, 2) == 4
    assert not caplog.records
    assert shared_memory.batches_ahead(2**20, 2) == 2
    assert "only 2 instead of 4 batches are read ahead" in caplog.text


def test_more_readers_than_cores_are_said_in_one_line(tiny_experiment, tmp_path, caplog):
    readers_of = readers.cores() + 1
    settings = (f"data.train.workers={readers_of}", "train.iterations=2")
    run(tiny_experiment, tmp_path, *settings)
    lines = [record.message for record in caplog.records if "processor cores" in record.message]
    assert lines == [
        f"data.train.workers: {readers_of} processes read images, but there are {readers.cores()} "
        "processor cores; fewer may be quicker"
    ]
