"""Ends a training that no longer gets better: when, by what, and after a kill."""

import signal

import pytest
import torch
from ignite.engine import Engine, Events

import srcore
from srcore.engine import events
from srcore.errors import ConfigError, Interrupted, SrcoreError
from srcore.handlers.early_stopping import EarlyStopping
from srcore.launching.stages import run_experiment
from srcore.plugin.manager import PluginManager, using
from srcore.runs.ending import read_ending
from srcore.testing import assert_same_state

#: No gain is as large: the first validation is the best, and all others count.
HOPELESS = "min_improvement=1000"


class Stage:
    """Engines and a run that a handler is attached to."""

    def __init__(self, handler, *, higher=True, measures_anew=False):
        self.reason = ""
        self.measures_anew = measures_anew
        self.trainer, self.evaluator = Engine(lambda *_: None), Engine(lambda *_: None)
        events.add_events(self.trainer)
        self.evaluator.state.higher_is_better = {"psnr": higher, "lpips": False}
        handler.attach(self, None, self.trainer, self.evaluator)

    def request_stop(self, reason):
        self.reason = reason

    def validate(self, **values):
        self.evaluator.state.metrics = {f"set/{name}": value for name, value in values.items()}
        self.trainer.fire_event(events.TrainingEvents.VALIDATION_COMPLETED)
        return bool(self.reason)


def stopped_after(values, *, higher=True, **options):
    """After how many validations it is over; None: not at all."""
    handler = EarlyStopping(**{"patience": 2, "metric": "", "min_improvement": 0.0, **options})
    stage = Stage(handler, higher=higher)
    for number, value in enumerate(values, 1):
        if stage.validate(psnr=value):
            return number
    return None


@pytest.mark.parametrize(
    ("values", "options", "expected"),
    [
        ([1, 2, 3, 4], {}, None),
        ([1, 1, 1], {}, 3),
        ([3, 2, 4, 3, 4], {}, 5),
        ([1, 2, 3, 4], {"higher": False}, 3),
        ([4, 3, 2, 1], {"higher": False}, None),
        ([1, 1.4, 1.8, 2.2], {"min_improvement": 0.5}, None),
        ([1, 1.2, 1.4, 1.6], {"min_improvement": 0.5}, 3),
        ([1, float("nan"), float("nan")], {}, 3),
        ([float("inf"), 50, 50], {}, 3),
        ([1, 1], {"patience": 1}, 2),
    ],
)
def test_patience_is_counted_from_the_best(values, options, expected):
    assert stopped_after(values, **options) == expected


def test_it_goes_by_the_metric_that_is_named():
    stage = Stage(EarlyStopping(1, "set/lpips", 0.0))
    assert not stage.validate(psnr=1.0, lpips=0.5)
    assert not stage.validate(psnr=0.5, lpips=0.4)
    assert stage.validate(psnr=9.0, lpips=0.4)
    assert stage.reason == "early stopping: no gain of set/lpips in 1 validations"


def test_a_metric_that_was_not_measured_is_one_line():
    stage = Stage(EarlyStopping(1, "set/ssim", 0.0))
    with pytest.raises(SrcoreError, match='"set/ssim" was not measured; expected one of set/psnr'):
        stage.validate(psnr=1.0)


def test_state_goes_on_unless_what_is_measured_is_another_thing():
    first = EarlyStopping(3, "", 0.0)
    stage = Stage(first)
    for value in (3, 2, 1):
        stage.validate(psnr=value)
    state = first.state_dict()
    assert state == {"metric": "", "best": 3, "waited": 2}
    same, other, anew = (EarlyStopping(3, name, 0.0) for name in ("", "set/psnr", ""))
    for handler in (same, other, anew):
        handler.load_state_dict(state)
    assert Stage(same).validate(psnr=3)
    assert not Stage(other).validate(psnr=3)
    assert not Stage(anew, measures_anew=True).validate(psnr=3)


def handlers(**options):
    keys = ", ".join([HOPELESS, *(f"{name}={value!r}" for name, value in options.items())])
    return f'handlers=[{{type="early_stopping", {keys}}}]'


def run(experiment, output, *overrides, at=None, **options):
    with using(PluginManager(discover=False, extra=[at] if at else [])):
        loaded = srcore.load_experiment(
            experiment, ["train.validate_every=1", "train.iterations=8", *overrides]
        )
        run_experiment(loaded, output, **options)
    return torch.load(output / "tiny/checkpoints/last.pt", weights_only=True)


class Signal:
    """A plugin that sends a signal at an event."""

    def __init__(self, engine, event):
        self.engine, self.event = engine, event

    @srcore.hookimpl
    def srcore_engines_created(self, trainer, evaluator):
        chosen = {"trainer": trainer, "evaluator": evaluator}[self.engine]
        chosen.add_event_handler(self.event, lambda _: signal.raise_signal(signal.SIGTERM))


def test_a_run_ends_with_the_validation_that_was_one_too_many(tiny_experiment, tmp_path):
    state = run(tiny_experiment, tmp_path, handlers(patience=2))
    ending = read_ending(tmp_path / "tiny")
    assert str(ending) == "ended at iteration 3 of 8: early stopping: no gain in 2 validations"
    assert ending.complete
    assert (state["iteration"], state["validated_at"]) == (3, 3)


@pytest.mark.parametrize(
    ("engine", "event"),
    [
        ("trainer", Events.ITERATION_COMPLETED(once=2)),
        ("evaluator", Events.COMPLETED(once=1)),
        ("trainer", events.TrainingEvents.VALIDATION_COMPLETED(once=3)),
    ],
)
def test_a_run_that_was_interrupted_ends_where_the_other_did(
    tiny_experiment, tmp_path, engine, event
):
    whole = run(tiny_experiment, tmp_path / "whole", handlers(patience=2))
    with pytest.raises(Interrupted):
        run(tiny_experiment, tmp_path / "parts", handlers(patience=2), at=Signal(engine, event))
    parts = run(tiny_experiment, tmp_path / "parts", handlers(patience=2), resume=True)
    assert_same_state(whole, parts)
    one, other = (tmp_path / name / "tiny" for name in ("whole", "parts"))
    assert (one / "metrics.jsonl").read_text() == (other / "metrics.jsonl").read_text()
    assert read_ending(one) == read_ending(other)


def test_one_that_is_over_ends_at_once_and_goes_on_with_more_patience(
    tiny_experiment, tmp_path, caplog
):
    run(tiny_experiment, tmp_path, handlers(patience=2))
    longer = "train.iterations=9"
    with caplog.at_level("WARNING", logger="srcore"):
        state = run(tiny_experiment, tmp_path, handlers(patience=2), longer, resume=True)
    assert "ended at iteration 3 of 9: early stopping" in caplog.text
    assert state["iteration"] == 3
    longer = "train.iterations=10"
    state = run(tiny_experiment, tmp_path, handlers(patience=4), longer, resume=True)
    assert state["iteration"] == 5


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (
            ['handlers=[{type="early_stopping",metric="tiny/lpips"}]'],
            r'handlers\[0\]\.metric: expected one of tiny/psnr, tiny/ssim, found "tiny/lpips"',
        ),
        (
            ['handlers=[{type="early_stopping"}]', "train.validate_every=0"],
            r"handlers\[0\]: there are no validations to go by; expected train\.validate_every",
        ),
        (
            ['handlers=[{type="early_stopping",patience=0}]'],
            r"handlers\[0\]\.patience: expected a number >= 1",
        ),
    ],
)
def test_what_cannot_work_is_found_by_the_check(tiny_experiment, overrides, expected):
    with pytest.raises(ConfigError, match=expected):
        srcore.load_experiment(tiny_experiment, overrides)
