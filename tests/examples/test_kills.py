"""Runs of the example plugins that are killed, on one process and on two, end as whole ones.

A sample of the changes of files before which a run is killed is tried always, all of them by hand.
"""

import importlib
import random
import shutil
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import attrs
import pytest
import torch

from srcore.plugin.manager import plugins, using
from srcore.testing import assert_same_state, runs, write_tiny_images
from srcore.testing.forked_runs import ForkedRun, content_of_run
from srcore.testing.killing import Changes

ROOT = Path(__file__).parents[2]
TRIED = 3  # changes before which a run is killed

#: How a tracker calls a run that is started twice, since it was killed before it saved anything.
TOLD_APART = ["others/handlers.tracker.tracker/number"]


@attrs.frozen
class Example:
    """An example, and what is special about it.

    Attributes:
        prepare: makes what its experiment reads beside folders of images.
        written: what it wrote outside of the folder of runs.
        overrides: of its experiment ``NAME/tiny``.
    """

    prepare: object = lambda: None
    written: object = lambda: None
    overrides: tuple = ()


def shards():
    from srplug_tar_shards import pack

    for name, side in (("hr", 64), ("lr", 32)):
        images = write_tiny_images(Path("images") / name, height=side, width=side)
        pack(images, Path("shards") / name, samples=2)


def rows():
    """Of the run that was started last."""
    command = "SELECT iteration, name, value FROM rows WHERE run = (SELECT max(run) FROM runs)"
    with closing(sqlite3.connect("tracker.sqlite")) as database:
        return sorted(database.execute(command))


EXAMPLES = {
    "minimal": Example(),
    "joint": Example(),
    "tracker": Example(written=rows, overrides=("handlers[1].rows=1", "handlers[1].gain=0.9")),
    "tar_shards": Example(shards, overrides=("data.train.workers=1",)),
}


def folder_of(name):
    return ROOT / "examples" / f"srplug-{name.replace('_', '-')}"


def test_every_example_is_killed():
    assert {folder_of(name) for name in EXAMPLES} == set((ROOT / "examples").glob("srplug-*"))


def explore(name, ranks, folder, monkeypatch, chosen=None):
    """Kill an example's run before its changes of files, and resume it.

    Args:
        name: of the example.
        ranks: how many processes.
        folder: an empty folder.
        monkeypatch: pytest's.
        chosen: from the number of changes those that are tried; None: all.

    Returns:
        How many changes the run makes, and how many were tried.
    """
    example, output = EXAMPLES[name], folder / "out"
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(folder_of(name))
    plugin = importlib.import_module(f"srplug_{name}.plugin")
    example.prepare()
    with using(plugins().extended(plugin)):
        options = ("data.train.workers=0", *example.overrides, "train.tensorboard=false")
        loaded = runs.short(f"{name}/tiny", options)
        with torch.random.fork_rng(devices=[]):
            runs.train_run(loaded, folder / "warm")  # forked processes find all modules loaded
        forked = ForkedRun(lambda: loaded, ranks)
        code, log, count = forked.run(output, changes=Changes(output))
        assert code == 0, log
        expected, written = _kept(output), example.written()
        assert any(path.endswith("last.pt") for path in expected)
        numbers = range(1, count + 1) if chosen is None else chosen(count)
        for number in numbers:
            shutil.rmtree(output)
            code, log, _ = forked.run(output, changes=Changes(output, number))
            where = f"{name} on {ranks} processes, killed at change {number} of {count}"
            assert code == -signal.SIGKILL, f"{where}: {code}: {log}"
            code, log, _ = forked.run(output, resume=True)
            assert code == 0, f"{where}: {log}"
            assert_same_state(_kept(output), expected, where)
            assert example.written() == written, where
            print(f"{where}: resumed as whole", flush=True)  # seen with -s
    return count, len(numbers)


@pytest.mark.slow
@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize("name", EXAMPLES)
def test_a_killed_run_of_an_example_ends_as_a_whole_one(name, ranks, tmp_path, monkeypatch):
    explore(
        name,
        ranks,
        tmp_path,
        monkeypatch,
        lambda count: random.Random(count).sample(range(1, count + 1), TRIED),
    )


@pytest.mark.stress
@pytest.mark.timeout(0)
@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize("name", EXAMPLES)
def test_a_run_of_an_example_killed_anywhere_ends_as_a_whole_one(
    name, ranks, tmp_path, monkeypatch, stress_result
):
    count, tried = explore(name, ranks, tmp_path, monkeypatch)
    assert tried == count
    stress_result(
        f"kill_example_{name}_{ranks}", changes=count, tried=tried, resumed_as_whole=tried
    )


def _kept(output):
    return runs.without_entries(content_of_run(output), TOLD_APART)
