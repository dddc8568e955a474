"""Runs killed, or out of disk space, exactly before their n-th change of a file, for every n.

What is resumed equals what ran through: weights, averages, optimizers, records, exported files,
pictures and the tables of the report; nothing else is left over.
"""

import random
import shutil
import signal

import pytest
import torch

import srcore
import srcore.engine.training  # forked processes do not load it again
import srcore.report.page
from srcore.launching.stages import run_experiment
from srcore.plugin.manager import plugins
from srcore.report import facts as tables
from srcore.report.reading import read_run
from srcore.testing import assert_same_state, write_tiny_images
from srcore.testing.forked_runs import ForkedRun, content_of_run
from srcore.testing.killing import Changes, fork, wait
from srcore.testing.pytest_plugin import TINY_EXPERIMENT, TINY_GAN

SUPERVISED = """
[train]
iterations = 4
validate_every = 2
validate_at_start = true
keep_every = 2
log_every = 1
images = 1

[[handlers]]
type = "early_stopping"
patience = 9
"""

GAN = (
    TINY_GAN
    + """
[[data.train.transforms]]
type = "pair_pool"
size = 8

[train]
iterations = 4
validate_every = 2
log_every = 3
images = 1
ema_decay = 0.5

[[stages]]
name = "first"
[[stages]]
name = "second"
from = "first"
"""
)

USRDU = """
extends = "usrdu/tiny"
name = "tiny"
data.train.lr = "train"
train.iterations = 2
train.checkpoint_every = 1
train.log_every = 1
train.tensorboard = false
"""


def _case(folder, name):
    write_tiny_images(folder / "train", 4)
    write_tiny_images(folder / "validation", 1, seed=100)
    (folder / "tiny.toml").write_text(TINY_EXPERIMENT)
    if name == "usrdu":
        pytest.importorskip("srplug_usrdu")
        write_tiny_images(folder / "examples/images/train", 2, height=64, width=80)
        text = USRDU
    else:
        text = 'extends = "tiny.toml"\nname = "tiny"\n' + (GAN if name == "gan" else SUPERVISED)
    (folder / "case.toml").write_text(text)
    return folder / "case.toml"


def warm_up(file):
    """Run once in this process, so that forked ones find all modules loaded."""
    with torch.random.fork_rng(devices=[]):
        run_experiment(srcore.load_experiment(file), file.parent / "warm")


def table(folder):
    records = read_run(folder)
    return (tables.rows(records, plugins().registry), [tables.state(record) for record in records])


def explore(folder, name, event, chosen=None, note=None):
    """Kill a run before each of its changes, or fill its disk there, and resume it.

    Args:
        folder: an empty folder.
        name: of the case.
        event: "kill" or "full".
        chosen: from all numbers of changes those that are tried; None: all.
        note: a file with the numbers that were tried in earlier sittings; gets those tried now.

    Returns:
        How many changes the run makes, and how many were tried.
    """
    file = _case(folder, name)
    warm_up(file)
    case = ForkedRun(lambda: srcore.load_experiment(file), 2 if name == "ranks" else 1)
    output = folder / "out"  # always the same, since experiments name it
    code, log, count = case.run(output, changes=Changes(output))
    assert code == 0, log
    expected, expected_table = content_of_run(output), table(output / "tiny")
    numbers = list(range(1, count + 1)) if chosen is None else chosen(count)
    earlier = set(map(int, note.read_text().split())) if note and note.exists() else set()
    for number in (number for number in numbers if number not in earlier):
        shutil.rmtree(output)
        code, log, _ = case.run(output, changes=Changes(output, number, event))
        where = f"{name}: {event} at change {number} of {count}"
        if event == "kill":
            assert code == -signal.SIGKILL, f"{where}: {code}: {log}"
        else:
            # What is not worth a failed run (its log, its report) may be missing then.
            assert code in (0, 1), f"{where}: {log}"
            lines = [line for line in log.splitlines() if line.startswith("srcore: ")]
            assert len(lines) == code, f"{where}: {log}"
            assert "Traceback" not in log, f"{where}: {log}"
        code, log, _ = case.run(output, resume=True)
        assert code == 0, f"{where}: {log}"
        assert_same_state(content_of_run(output), expected, where)
        assert table(output / "tiny") == expected_table, where
        print(f"{where}: resumed as whole", flush=True)  # seen with -s, and in the halves' logs
        if note:
            with note.open("a") as stream:
                stream.write(f"{number}\n")
    return count, len(numbers)


def explore_in_halves(folder, name, event, note):
    """:func:`explore` all changes, every other one in a second process; the same numbers."""
    halves = [folder / "odd", folder / "even"]

    def work(start):
        half = halves[start]
        chosen = lambda count: range(start + 1, count + 1, 2)  # noqa: E731 - shorter than a function
        count, tried = explore(half, name, event, chosen, note)
        (half / "tried").write_text(f"{count} {tried}")

    for half in halves:
        half.mkdir()
    logs = [folder / f"{half.name}.log" for half in halves]
    children = [fork(lambda start=start: work(start), log) for start, log in enumerate(logs)]
    codes = [wait(child, 86400) for child in children]
    assert codes == [0, 0], [log.read_text()[-3000:] for log in logs]
    counts = [tuple(map(int, (half / "tried").read_text().split())) for half in halves]
    assert counts[0][0] == counts[1][0], "both halves see the same run"
    return counts[0][0], counts[0][1] + counts[1][1]


def sample(size):
    return lambda count: sorted(random.Random(count).sample(range(1, count + 1), size))


CASES = ("supervised", "gan", "usrdu", "ranks")


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.filterwarnings("ignore:VGG19 with random weights")
def test_a_supervised_run_killed_at_many_changes_goes_on_as_if_nothing_had_been(tmp_path):
    """At all of them it is killed under ``stress``."""
    count, tried = explore(tmp_path, "supervised", "kill", sample(40))
    assert tried == 40 < count


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:VGG19 with random weights")
@pytest.mark.parametrize("event", ["kill", "full"])
@pytest.mark.parametrize("name", CASES)
def test_a_run_that_ends_at_some_change_goes_on_as_if_nothing_had_been(tmp_path, name, event):
    explore(tmp_path, name, event, sample(6))


@pytest.mark.stress
@pytest.mark.timeout(0)
@pytest.mark.filterwarnings("ignore:VGG19 with random weights")
@pytest.mark.parametrize("event", ["kill", "full"])
@pytest.mark.parametrize("name", CASES)
def test_a_run_that_ends_at_any_change_goes_on_as_if_nothing_had_been(
    tmp_path, name, event, stress_result, sittings
):
    if name == "usrdu":
        pytest.importorskip("srplug_usrdu")
    count, tried = explore_in_halves(tmp_path, name, event, sittings(f"{event}_{name}"))
    assert tried == count
    stress_result(f"{event}_{name}", changes=count, tried=tried, resumed_as_whole=tried)
