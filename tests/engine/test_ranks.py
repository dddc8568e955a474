"""Two processes of a run: one that fails or is told to stop ends both, and nothing is lost."""

import contextlib
import json
import os
import re
import signal
import time
from pathlib import Path
from types import ModuleType

import pytest
import torch
from ignite import distributed as idist
from ignite.engine import Events
from torch import nn

import srcore
import srcore.engine.training  # forked processes do not load it again
import srcore.report.page
from srcore.errors import SrcoreError
from srcore.launching.stages import run_experiment
from srcore.plugin.manager import PluginManager, using
from srcore.runs.ending import read_ending
from srcore.runs.records import read_records
from srcore.testing import assert_same_state
from srcore.testing.killing import wait
from srcore.testing.ranks import fork_ranks

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks into /proc")

#: Seconds in which a run notices that one of its processes is gone.
SOON = 15


class Counter:
    """A handler whose state differs between processes."""

    def __init__(self):
        self.count = 0

    def attach(self, run, parts, trainer, evaluator):
        trainer.add_event_handler(Events.ITERATION_STARTED, self._add)

    def _add(self, engine):
        self.count += 1 + idist.get_rank()

    def state_dict(self):
        return {"count": self.count}

    def load_state_dict(self, state):
        self.count = state["count"]


class Spare(nn.Module):
    """A network that leaves two of its parameters out."""

    def __init__(self, scale):
        super().__init__()
        self.scale = scale
        self.body = nn.Conv2d(3, 3 * scale**2, 3, padding=1)
        self.spare = nn.Linear(4, 4)

    def forward(self, lr):
        return nn.functional.pixel_shuffle(self.body(lr), self.scale)


def told(act, engine, times):
    """A plugin that acts after the n-th iteration of the trainer or the evaluator.

    Or at its beginning, for the engine "beginning".
    """
    stranger, seen = ModuleType("stranger"), []

    @srcore.hookimpl
    def srcore_register_components(registry):
        registry.add("handler", "counter", None, Counter)
        registry.add("network", "spare", None, Spare)
        registry.add("loss", "chatty", None, Chatty)

    @srcore.hookimpl
    def srcore_engines_created(run, trainer, evaluator):
        def count(_):
            seen.append(1)
            if len(seen) == times:
                act(run)

        chosen = evaluator if engine == "evaluator" else trainer
        began = engine == "beginning"
        chosen.add_event_handler(
            Events.ITERATION_STARTED if began else Events.ITERATION_COMPLETED, count
        )

    stranger.srcore_register_components = srcore_register_components
    stranger.srcore_engines_created = srcore_engines_created
    return using(PluginManager(discover=False, extra=[stranger]))


@pytest.fixture
def launch(tiny_experiment, tmp_path):
    """Runs in two processes, of which some act; returns exit codes, lines and seconds of each."""

    def of(output, *settings, ranks=2, act=None, who=(), engine="trainer", times=2, **options):
        logs = [tmp_path / f"{rank}.log" for rank in range(ranks)]
        for log in logs:
            log.unlink(missing_ok=True)

        def work(rank):
            with told(act if rank in who else lambda run: None, engine, times):
                loaded = srcore.load_experiment(tiny_experiment, settings)
                run_experiment(loaded, tmp_path / output, quiet=True, **options)

        began = time.monotonic()
        children = fork_ranks(work, logs)
        codes = [wait(child, 60) for child in children]
        texts = of.texts = [log.read_text() for log in logs]
        assert not any("Traceback" in text for text in texts), texts
        lines = [re.findall("^srcore: .*$", text, re.MULTILINE) for text in texts]
        return codes, lines, time.monotonic() - began

    return of


def fail(run):
    raise SrcoreError("the disk of this process is gone")


def die(run):
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture
def own_group():
    """This process is a group: what other workers of pytest start beside it is not in it."""
    before = os.getpgrp()
    if before == os.getpid():
        yield
        return
    os.setpgid(0, 0)
    yield
    os.setpgid(0, before)


def processes():
    """All that live in the group of this process; readers stay in it when their run is killed."""
    children = set()
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state, _, group = (place / "stat").read_text().rpartition(")")[2].split()[:3]
            if state != "Z" and int(group) == os.getpgrp():
                children.add(int(place.name))
    return children


def assert_none_left(before):
    end = time.monotonic() + 2
    while processes() - before and time.monotonic() < end:
        time.sleep(0.02)
    assert not processes() - before, "no child is left"


@pytest.mark.parametrize("who", [0, 1])
@pytest.mark.parametrize(("act", "code"), [(fail, 1), (die, -signal.SIGKILL)])
@pytest.mark.parametrize(("engine", "times"), [("trainer", 2), ("evaluator", 1)])
@pytest.mark.usefixtures("own_group")
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


def stop(run):
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


def state_of(output):
    return torch.load(output / "tiny/checkpoints/last.pt", weights_only=True)


@pytest.mark.slow
def test_every_process_goes_on_from_the_state_of_its_own_handlers(launch, tmp_path):
    counting = 'handlers=[{type="counter"}]'
    assert launch("a", counting)[0] == [0, 0]
    whole = state_of(tmp_path / "a")
    states = [it["others"]["handlers.counter.counter"] for it in (whole, *whole["other_ranks"])]
    assert states == [{"count": 6}, {"count": 12}]
    assert launch("b", counting, act=stop, who=(1,), times=4)[0] == [143, 143]
    assert state_of(tmp_path / "b")["iteration"] == 4
    assert launch("b", counting, resume=True)[0] == [0, 0]
    same(tmp_path / "a/tiny", tmp_path / "b/tiny")


class Chatty(nn.Module):
    """A loss that logs something in one process only."""

    def forward(self, context):
        value = (context.sr - context.hr).abs().mean()
        if idist.get_rank() == 1 and context.iteration % 2:
            context.log("odd", value)
        return value


def test_lines_of_the_log_are_means_over_all_processes(launch, tmp_path):
    def keep(run):
        seen = []

        def note(engine):
            values = {name: float(value) for name, value in engine.state.losses.items()}
            seen.append(values)
            (tmp_path / f"seen_{idist.get_rank()}.json").write_text(json.dumps(seen))

        run.in_training.trainer.add_event_handler(Events.ITERATION_COMPLETED, note)

    settings = ('losses=[{type="chatty"}]', "train.validate_every=0")
    beginning = {"act": keep, "who": (0, 1), "engine": "beginning", "times": 1}
    assert launch("runs", *settings, **beginning)[0] == [0, 0]
    first, second = (json.loads((tmp_path / f"seen_{rank}.json").read_text()) for rank in (0, 1))
    rows = [
        row["values"]
        for row in read_records(tmp_path / "runs/tiny/metrics.jsonl")
        if row["phase"] == "train"
    ]
    assert len(rows) == 3
    for number, row in enumerate(rows):
        pair = slice(2 * number, 2 * number + 2)
        seen = [values["chatty"] for values in first[pair] + second[pair]]
        assert seen[:2] != seen[2:], "other images in each process"
        assert row["chatty"] == pytest.approx(sum(seen) / 4, rel=1e-6)
        assert row["odd"] == pytest.approx(second[2 * number]["odd"], rel=1e-6)


@pytest.mark.slow
def test_replaced_images_of_all_processes_are_counted(launch, tmp_path):
    for file in sorted((tmp_path / "train").iterdir())[:3]:
        file.write_bytes(file.read_bytes()[:200])  # the header stays whole
    skipping = ("data.train.on_bad_image=skip", "train.validate_every=0", "train.iterations=3")
    assert launch("runs", *skipping)[0] == [0, 0]
    state, text = state_of(tmp_path / "runs"), launch.texts[0]
    counts = [it["bad_images"] for it in (state, *state["other_ranks"])]
    assert all(counts)
    assert f"{sum(counts)} unreadable images were replaced by others" in text


def ask(run):
    run.request_stop("enough")


@pytest.mark.slow
@pytest.mark.parametrize("who", [0, 1])
def test_an_end_that_one_process_asks_for_is_that_of_both(launch, tmp_path, who):
    codes, lines, _ = launch("runs", act=ask, who=(who,))
    assert (codes, lines) == ([0, 0], [[], []])
    ending = read_ending(tmp_path / "runs/tiny")
    assert (ending.iteration, ending.complete) == (2, True)
    assert ending.reason == ("another process asked for it" if who else "enough")
    assert (state_of(tmp_path / "runs")["iteration"], ending.results["validation"] != {}) == (
        2,
        True,
    )
    assert launch("runs", "train.iterations=8", resume=True)[0] == [0, 0]
    assert launch("whole", "train.iterations=8")[0] == [0, 0]
    networks = [state_of(tmp_path / name)["networks"] for name in ("runs", "whole")]
    assert_same_state(*networks)


@pytest.mark.slow
def test_parameters_without_gradient_are_said_once_and_a_resume_equals_one_run(launch, tmp_path):
    spare = 'generator={type="spare"}'
    assert launch("a", spare)[0] == [0, 0]
    assert launch("b", spare, act=stop, who=(0,), times=3)[0] == [143, 143]
    assert launch("b", spare, resume=True)[0] == [0, 0]
    same(tmp_path / "a/tiny", tmp_path / "b/tiny")
    log = (tmp_path / "a/tiny/run.log").read_text()
    line = "generator: 2 parameters get no gradient, such as spare.weight"
    assert log.count(line) == log.count("get no gradient") == 1, log


RARELY = ("train.checkpoint_every=100", "train.validate_every=0")


@pytest.mark.slow
@pytest.mark.parametrize("who", [0, 1])
@pytest.mark.parametrize(("engine", "times"), [("trainer", 3), ("beginning", 4)])
def test_after_an_error_the_last_whole_iteration_is_saved(launch, tmp_path, who, engine, times):
    failing = {"act": fail, "who": (who,), "engine": engine, "times": times}
    assert launch("a", *RARELY, **failing)[0] == [1, 1]
    assert state_of(tmp_path / "a")["iteration"] == 3
    assert "not saved" not in launch.texts[0]
    assert launch("a", *RARELY, resume=True)[0] == [0, 0]
    assert launch("b", *RARELY)[0] == [0, 0]
    same(tmp_path / "a/tiny", tmp_path / "b/tiny")


@pytest.mark.slow
@pytest.mark.parametrize("who", [0, 1])
def test_what_cannot_be_saved_after_an_error_is_said(launch, tmp_path, who):
    settings = ('handlers=[{type="counter"}]', "train.checkpoint_every=2")
    assert launch("runs", *settings, act=fail, who=(who,), times=3)[0] == [1, 1]
    last = tmp_path / "runs/tiny/checkpoints/last.pt"
    assert (
        "iterations after 2 are not saved, since other processes hold a part of the state; "
        f"the last good checkpoint is {last} of iteration 2"
    ) in launch.texts[0]
    assert "not saved" not in launch.texts[1], "the main process says it"
