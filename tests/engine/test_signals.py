"""Signals to stop: after the iteration or the validation image at hand, with everything saved."""

import signal
from types import ModuleType

import pytest
import torch
from ignite.engine import Events

import srcore
from srcore.engine.signals import StopRequest
from srcore.errors import Interrupted
from srcore.launching.stages import run_experiment
from srcore.plugin.manager import PluginManager, using
from srcore.testing import assert_same_state


def run(experiment, output, **options):
    run_experiment(srcore.load_experiment(experiment), output, quiet=True, **options)
    return output / "tiny"


def signalling(number, engine, times):
    """A plugin that sends a signal after the n-th iteration of the trainer or the evaluator."""
    stranger, seen = ModuleType("stranger"), []

    @srcore.hookimpl
    def srcore_engines_created(trainer, evaluator):
        def count(_):
            seen.append(1)
            if len(seen) == times:
                signal.raise_signal(number)

        {"trainer": trainer, "evaluator": evaluator}[engine].add_event_handler(
            Events.ITERATION_COMPLETED, count
        )

    stranger.srcore_engines_created = srcore_engines_created
    return using(PluginManager(discover=False, extra=[stranger])), seen


def same(one, other):
    states = (torch.load(f / "checkpoints/last.pt", weights_only=True) for f in (one, other))
    assert_same_state(*states)
    assert (one / "metrics.csv").read_text() == (other / "metrics.csv").read_text()


@pytest.mark.parametrize("times", [1, 3])
def test_a_validation_stops_after_its_image_and_is_repeated(tiny_experiment, tmp_path, times):
    plugins, seen = signalling(signal.SIGTERM, "evaluator", times)
    with plugins, pytest.raises(Interrupted, match=r"interrupted .*; state saved in .*last\.pt"):
        run(tiny_experiment, tmp_path / "a")
    assert len(seen) == times, "of two images in each validation"
    same(run(tiny_experiment, tmp_path / "a", resume=True), run(tiny_experiment, tmp_path / "b"))


def test_a_validation_of_enlarged_images_stops_too(tiny_experiment, tmp_path, monkeypatch):
    from srcore.engine.validation import BicubicUpscaling

    forward, seen = BicubicUpscaling.forward, []

    def counting(self, lr):
        seen.append(1)
        if len(seen) == 1:
            signal.raise_signal(signal.SIGINT)
        return forward(self, lr)

    monkeypatch.setattr(BicubicUpscaling, "forward", counting)
    with pytest.raises(Interrupted) as ended:
        run(tiny_experiment, tmp_path)
    assert ended.value.exit_code == 130
    assert len(seen) == 1


@pytest.fixture
def terminal():
    """The signal of a closing terminal is heard, also where the tests were started by nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("terminal")
def test_a_closing_terminal_saves(tiny_experiment, tmp_path):
    plugins, _ = signalling(signal.SIGHUP, "trainer", 3)
    with plugins, pytest.raises(Interrupted, match="interrupted at iteration 3 of 6") as ended:
        run(tiny_experiment, tmp_path)
    assert ended.value.exit_code == 129
    state = torch.load(tmp_path / "tiny/checkpoints/last.pt", weights_only=True)
    assert state["iteration"] == 3


def test_what_nohup_ignores_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with StopRequest() as stop:
            signal.raise_signal(signal.SIGHUP)
            assert stop.signal_number is None
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
