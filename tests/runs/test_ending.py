"""Whatever ends a run: state, export, validation and records agree on when and why."""

import json
import signal

import pytest
import torch
from ignite.engine import Events
from safetensors.torch import load_file

import srcore
from srcore.engine.events import TrainingEvents
from srcore.errors import Interrupted, SrcoreError
from srcore.launching.stages import run_experiment
from srcore.plugin.manager import PluginManager, using
from srcore.report.facts import facts, state
from srcore.report.reading import read_run
from srcore.runs.ending import read_ending
from srcore.testing import assert_same_state


class At:
    """A plugin that does something in an iteration."""

    def __init__(self, event, act):
        self.event, self.act = event, act

    @srcore.hookimpl
    def srcore_engines_created(self, run, trainer):
        trainer.add_event_handler(self.event, lambda engine: self.act(run, engine))


def run(experiment, output, *overrides, plugin=None, **options):
    extra = [plugin] if plugin else []
    with using(PluginManager(discover=False, extra=extra)):
        return run_experiment(srcore.load_experiment(experiment, overrides), output, **options)


def last(output, stage=""):
    return torch.load(output / "tiny" / stage / "checkpoints/last.pt", weights_only=True)


def phases(output):
    lines = (output / "tiny/metrics.jsonl").read_text().splitlines()
    return [(row["iteration"], row["phase"]) for row in map(json.loads, lines)]


def fail(run, engine):
    raise ValueError("boom")


EARLY = [
    (Events.ITERATION_COMPLETED(once=4), lambda run, engine: engine.terminate(), 4,
     "a handler called terminate()"),
    (Events.ITERATION_STARTED(once=5), lambda run, engine: engine.terminate(), 4,
     "a handler called terminate()"),
    (Events.ITERATION_STARTED(once=4), lambda run, engine: run.request_stop("no gain in 8 h"), 4,
     "no gain in 8 h"),
]  # fmt: skip


@pytest.mark.parametrize(("event", "act", "iteration", "reason"), EARLY, ids=["after", "in", "ask"])
def test_early_end_is_a_whole_end(tiny_experiment, tmp_path, caplog, event, act, iteration, reason):
    with caplog.at_level("INFO", logger="srcore"):
        run(tiny_experiment, tmp_path, plugin=At(event, act))
    assert f"ended at iteration {iteration} of 6: {reason}" in caplog.text
    ending = read_ending(tmp_path / "tiny")
    assert (ending.iteration, ending.planned, ending.reason) == (iteration, 6, reason)
    assert ending.complete
    assert last(tmp_path)["iteration"] == iteration
    assert_same_state(
        dict(last(tmp_path)["networks"]["ema"]), load_file(tmp_path / "tiny/generator.safetensors")
    )
    assert phases(tmp_path)[-1] == (iteration, "tiny"), "validated like any last iteration"
    (record,) = read_run(tmp_path / "tiny")
    assert state(record) == f"finished, ended at iteration {iteration} of 6: {reason}"
    assert facts(record)["Iterations"] == f"{iteration} of 6"
    assert f"ended at iteration {iteration} of 6" in (tmp_path / "tiny/report.html").read_text()


def test_a_stage_that_ended_early_is_skipped_and_goes_on_when_it_is_to_be_longer(
    tiny_experiment, tmp_path, caplog
):
    run(tiny_experiment, tmp_path, plugin=At(EARLY[0][0], EARLY[0][1]))
    with caplog.at_level("INFO", logger="srcore"):
        run(tiny_experiment, tmp_path, resume=True)
    assert "finished earlier (ended at iteration 4 of 6: a handler called term" in caplog.text
    assert last(tmp_path)["iteration"] == 4
    run(tiny_experiment, tmp_path, "train.iterations=8", resume=True)
    assert read_ending(tmp_path / "tiny").iteration == 8
    run(tiny_experiment, tmp_path / "whole", "train.iterations=8")
    assert_same_state(last(tmp_path)["networks"], last(tmp_path / "whole")["networks"])


class Told:
    """A plugin that notes what it is told of a stage; the note may fail."""

    def __init__(self, is_broken=False):
        self.seen, self.is_broken = [], is_broken

    @srcore.hookimpl
    def srcore_run_started(self, run):
        self.seen.append("started")

    @srcore.hookimpl
    def srcore_run_finished(self, run, parts, error):
        self.seen.append(("finished", parts is not None, error, len(run.results)))
        if self.is_broken:
            raise SrcoreError("nobody answers")


FINISHED = ("finished", True, None, 2)


def test_hooks_of_a_complete_stage_are_called_once(tiny_experiment, tmp_path):
    told, again = Told(), Told()
    run(tiny_experiment, tmp_path, plugin=told)
    assert told.seen == ["started", FINISHED]
    assert json.loads((tmp_path / "tiny/finished.json").read_text())["hooks_called"] is True
    run(tiny_experiment, tmp_path, plugin=again, resume=True)
    assert again.seen == []


def test_hooks_that_were_not_through_are_called_when_the_run_is_resumed(tiny_experiment, tmp_path):
    told = Told()
    with pytest.raises(SrcoreError, match="nobody answers"):
        run(tiny_experiment, tmp_path, plugin=Told(is_broken=True))
    assert not read_ending(tmp_path / "tiny").hooks_called
    (tmp_path / "tiny/report.html").unlink()
    run(tiny_experiment, tmp_path, plugin=told, resume=True)
    assert told.seen == ["started", ("finished", False, None, 2)]
    assert (tmp_path / "tiny/report.html").is_file(), "the core's is one of them"
    assert read_ending(tmp_path / "tiny").hooks_called
    assert last(tmp_path)["iteration"] == 6, "nothing was trained"


def test_hooks_of_a_run_that_ended_before_this_was_noted_were_called(tiny_experiment, tmp_path):
    told = Told()
    run(tiny_experiment, tmp_path)
    file = tmp_path / "tiny/finished.json"
    content = json.loads(file.read_text())
    del content["hooks_called"]
    file.write_text(json.dumps(content))
    run(tiny_experiment, tmp_path, plugin=told, resume=True)
    assert told.seen == []


def test_how_a_stage_was_stopped_says_nothing_of_hooks(tiny_experiment, tmp_path):
    with pytest.raises(ValueError, match="boom"):
        run(tiny_experiment, tmp_path, plugin=At(Events.ITERATION_STARTED(once=6), fail))
    assert "hooks_called" not in json.loads((tmp_path / "tiny/finished.json").read_text())


def test_signal_and_error_are_written_down_and_the_run_can_go_on(tiny_experiment, tmp_path):
    def signalled(run, engine):
        signal.raise_signal(signal.SIGTERM)

    run(tiny_experiment, tmp_path / "whole")
    parts = tmp_path / "parts"
    with pytest.raises(Interrupted):
        run(tiny_experiment, parts, plugin=At(Events.ITERATION_STARTED(once=3), signalled))
    ending = read_ending(parts / "tiny")
    assert str(ending) == "ended at iteration 3 of 6: interrupted by SIGTERM"
    assert not ending.complete
    assert (3, "tiny") not in phases(parts), "what is due is validated when it goes on"
    with pytest.raises(ValueError, match="boom"):
        run(tiny_experiment, parts, plugin=At(Events.ITERATION_STARTED(once=6), fail), resume=True)
    ending = read_ending(parts / "tiny")
    assert str(ending) == "ended at iteration 5 of 6: ValueError: boom"
    assert last(parts)["iteration"] == 5, "checkpoint_every = 2 had saved iteration 4"
    (record,) = read_run(parts / "tiny")
    assert state(record) == "not finished, ended at iteration 5 of 6: ValueError: boom"
    run(tiny_experiment, parts, resume=True)
    assert read_ending(parts / "tiny").reason == "all iterations"
    assert_same_state(last(tmp_path / "whole"), last(parts))
    assert phases(tmp_path / "whole") == phases(parts)


def test_a_validation_that_fails_says_where_the_training_is_saved(
    tiny_experiment, tmp_path, caplog
):
    image = tmp_path / "validation/00.png"
    whole = image.read_bytes()
    image.write_bytes(whole[: len(whole) // 2])
    with caplog.at_level("INFO", logger="srcore"), pytest.raises(SrcoreError, match=r"00\.png"):
        run(tiny_experiment, tmp_path / "runs")
    saved = tmp_path / "runs/tiny/checkpoints/last.pt"
    assert f"trained to iteration 3, saved in {saved}; --resume goes on" in caplog.text
    image.write_bytes(whole)
    run(tiny_experiment, tmp_path / "runs", resume=True)
    run(tiny_experiment, tmp_path / "other")
    assert_same_state(last(tmp_path / "runs"), last(tmp_path / "other"))


def training_rows(output):
    lines = (output / "tiny/metrics.jsonl").read_text().splitlines()
    rows = [row for row in map(json.loads, lines) if row["phase"] == "train"]
    return {row["iteration"]: row["values"] for row in rows}


def test_a_line_after_a_resume_stands_for_all_iterations_since_the_last_line(
    tiny_experiment, tmp_path, caplog
):
    def signalled(run, engine):
        signal.raise_signal(signal.SIGTERM)

    run(tiny_experiment, tmp_path / "each", "train.log_every=1", "train.iterations=8")
    settings = ("train.log_every=4", "train.iterations=8")
    run(tiny_experiment, tmp_path / "whole", *settings)
    parts = tmp_path / "parts"
    plugin = At(Events.ITERATION_STARTED(once=6), signalled)
    with pytest.raises(Interrupted):
        run(tiny_experiment, parts, *settings, plugin=plugin)
    assert last(parts)["iteration"] == 6, "in the middle of a line"
    caplog.clear()
    run(tiny_experiment, parts, *settings, resume=True)
    each, resumed = training_rows(tmp_path / "each"), training_rows(parts)
    assert list(resumed) == [4, 8]
    mean = sum(each[number]["l1"] for number in (5, 6, 7, 8)) / 4
    assert resumed[8]["l1"] == pytest.approx(mean, rel=1e-6)
    assert resumed[8]["l1"] != pytest.approx((each[7]["l1"] + each[8]["l1"]) / 2, rel=1e-4)
    assert resumed == training_rows(tmp_path / "whole")
    (line,) = [text for text in caplog.messages if text.startswith("iteration ")]
    assert line.startswith(f"iteration 8/8: l1 {mean:.4g}  ")


def test_a_failing_validation_costs_no_training(tiny_experiment, tmp_path, monkeypatch):
    run(tiny_experiment, tmp_path / "whole")
    parts = tmp_path / "parts"
    from srcore.metrics.structural_similarity import SSIM

    with monkeypatch.context() as patch:
        patch.setattr(SSIM, "__call__", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run(tiny_experiment, parts)
    assert last(parts)["iteration"] == 3
    run(tiny_experiment, parts, resume=True)
    assert_same_state(last(tmp_path / "whole"), last(parts))
    for name in ("metrics.jsonl", "metrics.csv"):
        assert (tmp_path / "whole/tiny" / name).read_text() == (parts / "tiny" / name).read_text()


def test_validation_that_was_recorded_but_not_saved_is_recorded_once(tiny_experiment, tmp_path):
    run(tiny_experiment, tmp_path / "whole")
    parts = tmp_path / "parts"
    failing = At(TrainingEvents.VALIDATION_COMPLETED, fail)
    with pytest.raises(ValueError, match="boom"):
        run(tiny_experiment, parts, plugin=failing)
    assert phases(parts)[-1] == (3, "tiny")
    run(tiny_experiment, parts, resume=True)
    assert phases(tmp_path / "whole") == phases(parts)
    assert_same_state(last(tmp_path / "whole"), last(parts))
