"""Jobs of several processes that are killed at any moment: nothing is lost, nothing doubled."""

import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from srcore.cli.main import main
from srcore.images import write_image
from srcore.machine.processes import is_gone
from srcore.prepare.shards import prepare_shards
from srcore.testing.killing import Changes, fork, wait
from srcore.testing.weights import write_weights
from srcore.upscaling import batch
from srcore.upscaling.jobs import Task
from srcore.upscaling.shared_job import films_last, queue_file


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Starts the command in a process of its own: folder for results, options -> its number.

    ``of`` is what is enlarged.
    """
    torch.manual_seed(0)
    write_weights(tmp_path / "tiny.safetensors", "edsr", num_features=4, num_blocks=1)
    monkeypatch.chdir(tmp_path)

    def start(output, *options, of="in", before=lambda: None):
        def work():
            torch.set_num_threads(1)  # those of the first process did not come along
            _count_results(tmp_path / f"{output}.made")
            before()
            arguments = [of, "-o", f"{output}/", "--weights", "tiny.safetensors", "--device"]
            with pytest.raises(SystemExit) as ended:
                main(["upscale", *arguments, "cpu", *options])
            assert not ended.value.code

        return fork(work, tmp_path / f"{output}.log")

    return start


def _count_results(log):
    """Append the name of every result to a file, once it is there."""
    write_bands = batch.write_bands

    def counted(path, *rest, **named):
        write_bands(path, *rest, **named)
        descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, f"{path.name}\n".encode())
        os.close(descriptor)

    batch.write_bands = counted


def _images(count):
    generator = np.random.default_rng(0)
    for index in range(count):
        image = generator.integers(0, 256, (6 + index % 3, 8, 3), np.uint8)
        write_image(Path("in") / f"{index}.png", image, durable=False)


def _content(folder):
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


@pytest.mark.parametrize(
    ("images", "kills", "of"),
    [
        (20, 2, "in"),
        (20, 2, "shards"),
        pytest.param(200, 10, "shards", marks=pytest.mark.slow),
        pytest.param(2000, 40, "in", marks=pytest.mark.slow),
    ],
)
def test_killed_processes_lose_and_double_nothing(start, images, kills, of):
    _images(images)
    prepare_shards(Path("in"), Path("shards"), shard_size=images * 1e-4)
    assert len(list(Path("shards").glob("*.tar"))) > 2
    began = time.monotonic()
    assert wait(start("alone")) == 0
    taken = time.monotonic() - began
    expected = _content("alone")
    assert len(expected) == images
    chance = random.Random(images)
    processes = [start("shared", "--shared", of=of) for _ in range(3)]
    for _ in range(kills):
        time.sleep(chance.uniform(0, 2 * taken / kills))
        place = chance.randrange(len(processes))
        os.kill(processes[place], signal.SIGKILL)
        wait(processes[place])
        processes[place] = start("shared", "--shared", of=of)
    assert [wait(process) for process in processes] == [0] * len(processes)
    assert _content("shared") == expected
    made = Counter(Path("shared.made").read_text().split())
    assert set(made.values()) == {1}
    # One that was killed after its result appeared could not say so.
    assert images - kills <= len(made) <= images
    assert "Traceback" not in Path("shared.log").read_text()


@pytest.mark.parametrize(
    "at", [*range(1, 8, 3), *(pytest.param(it, marks=pytest.mark.slow) for it in range(1, 40))]
)
def test_a_process_that_is_killed_at_any_change_is_replaced(start, tmp_path, at):
    _images(3)
    killed = start("shared", "--shared", before=Changes(tmp_path / "shared", at).install)
    other = start("shared", "--shared")
    assert wait(killed) in (0, -signal.SIGKILL)
    assert wait(other) == 0
    assert sorted(_content("shared")) == ["0.png", "1.png", "2.png"]


def test_all_processes_killed_the_same_command_goes_on(start):
    _images(30)
    processes = [start("shared", "--shared") for _ in range(2)]
    while not Path("shared.made").exists():
        time.sleep(0.001)
    for process in processes:
        os.kill(process, signal.SIGKILL)
    assert [wait(process) for process in processes] == [-signal.SIGKILL] * 2
    assert all(map(is_gone, processes))
    assert wait(start("shared", "--shared")) == 0
    assert len(_content("shared")) == 30
    assert set(Counter(Path("shared.made").read_text().split()).values()) == {1}


def test_queues_are_those_of_one_job(tmp_path):
    tasks = [Task(Path(name), tmp_path / f"{name}.png") for name in ("a", "b")]
    file = queue_file(tasks, ("weights", 2))
    assert file.parent == tmp_path
    assert file == queue_file(list(tasks), ("weights", 2))
    others = {queue_file(tasks[:1], ("weights", 2)), queue_file(tasks, ("others", 2))}
    assert len(others | {file}) == 3


def test_films_come_last():
    tasks = [Task(Path(name), Path("out", name)) for name in ("a.mp4", "b.png", "c.png")]
    assert [task.source.path.name for task in films_last(tasks)] == ["b.png", "c.png", "a.mp4"]
