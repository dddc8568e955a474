"""``[[handlers]]``: chosen, checked, attached in order, with state; others after a resume."""

import json
import signal

import attrs
import pytest
import torch
from ignite.engine import Events
from safetensors.torch import load_file

import srcore
from srcore.engine.events import TrainingEvents
from srcore.errors import ConfigError, Interrupted, PluginError, SrcoreError
from srcore.launching.stages import run_experiment
from srcore.options import option
from srcore.plugin.manager import PluginManager, using
from srcore.testing import assert_same_state

SEEN = []


@attrs.frozen(kw_only=True)
class CounterOptions:
    """Counts iterations."""

    signal_at: int = option(0, "iteration that a signal comes in; 0: none")


class Counter:
    """Has state, and writes down what it saw."""

    def __init__(self, signal_at):
        self.signal_at, self.count = signal_at, 0

    def attach(self, run, parts, trainer, evaluator):
        SEEN.append(("attached", self.count))
        trainer.add_event_handler(Events.ITERATION_STARTED, self._count)
        trainer.add_event_handler(Events.ITERATION_COMPLETED, self._look, run)

    def _count(self, engine):
        self.count += 1
        if engine.state.iteration == self.signal_at:
            signal.raise_signal(signal.SIGTERM)

    def _look(self, engine, run):
        SEEN.append((engine.state.iteration, run.iteration))

    def state_dict(self):
        return {"count": self.count}

    def load_state_dict(self, state):
        self.count = state["count"]


class Stateless:
    def attach(self, run, parts, trainer, evaluator):
        SEEN.append("stateless")


@srcore.hookimpl
def srcore_register_components(registry):
    registry.add("handler", "counter", CounterOptions, Counter)
    registry.add("handler", "stateless", None, Stateless)
    registry.add("handler", "nothing", None, object)
    registry.add("handler", "unsavable", None, Unsavable)


class Unsavable(Stateless):
    def state_dict(self):
        return {"lock": object}

    def load_state_dict(self, state):
        raise AssertionError


class Plugin:
    srcore_register_components = staticmethod(srcore_register_components)


def run(experiment, output, *overrides, **options):
    SEEN.clear()
    with using(PluginManager(discover=False, extra=[Plugin()])):
        run_experiment(srcore.load_experiment(experiment, overrides), output, **options)
    return torch.load(output / "tiny/checkpoints/last.pt", weights_only=True)


def test_handlers_are_attached_in_their_order_and_see_the_state_saved(tiny_experiment, tmp_path):
    run(tiny_experiment, tmp_path, 'handlers=[{type="stateless"},{type="counter"}]')
    assert SEEN[:2] == ["stateless", ("attached", 0)]
    saved = [(number, last) for number, last in SEEN[2:] if number in (2, 3, 4, 6)]
    assert saved == [(2, 2), (3, 3), (4, 4), (6, 6)], "checkpoints come before"


def test_state_of_handlers_is_continued_and_equals_that_of_one_run(tiny_experiment, tmp_path):
    whole = run(tiny_experiment, tmp_path / "whole", 'handlers=[{type="counter"}]')
    assert whole["others"]["handlers.counter.counter"] == {"count": 6}
    with pytest.raises(Interrupted):
        run(tiny_experiment, tmp_path / "parts", 'handlers=[{type="counter",signal_at=5}]')
    again = run(tiny_experiment, tmp_path / "parts", 'handlers=[{type="counter"}]', resume=True)
    assert SEEN[0] == ("attached", 5)
    assert_same_state(whole, again)
    files = [tmp_path / name / "tiny/metrics.jsonl" for name in ("whole", "parts")]
    assert files[0].read_text() == files[1].read_text()


def test_a_handler_changes_nothing_of_the_training(tiny_experiment, tmp_path):
    without = run(tiny_experiment, tmp_path / "without")
    with_one = run(tiny_experiment, tmp_path / "with", 'handlers=[{type="stateless"}]')
    assert_same_state(without, with_one)


def test_handlers_may_be_others_after_a_resume(tiny_experiment, tmp_path, caplog):
    run(tiny_experiment, tmp_path, 'handlers=[{type="counter"}]', "train.iterations=3")
    longer = ("train.iterations=6",)
    with caplog.at_level("INFO", logger="srcore"):
        state = run(tiny_experiment, tmp_path, *longer, resume=True)
    assert "handlers[0].type was counter, now absent: applied" in caplog.text
    assert state["others"] == {"method": None}
    again = run(
        tiny_experiment, tmp_path, 'handlers=[{type="counter"}]', "train.iterations=8", resume=True
    )
    assert SEEN[0] == ("attached", 0), "new ones start afresh"
    assert again["others"]["handlers.counter.counter"] == {"count": 2}


def test_two_of_one_type_have_names_and_states_of_their_own(tiny_experiment, tmp_path):
    both = 'handlers=[{type="counter"},{type="counter",name="second"}]'
    states = run(tiny_experiment, tmp_path, both)["others"]
    assert states.keys() == {"method", "handlers.counter.counter", "handlers.counter.second"}
    with pytest.raises(ConfigError, match=r'handlers\[1\]\.name: two handlers are called "counter'):
        run(tiny_experiment, tmp_path, 'handlers=[{type="counter"},{type="counter"}]')


def test_a_handler_that_is_switched_off_is_not_there(tiny_experiment, tmp_path):
    run(tiny_experiment, tmp_path, 'handlers=[{type="counter",enabled=false}]')
    assert SEEN == []


def test_unknown_handlers_and_keys_are_problems(tiny_experiment):
    with pytest.raises(ConfigError) as caught:
        srcore.load_experiment(
            tiny_experiment, ['handlers=[{type="early_stoping"},{type="time_limit",hour=1}]']
        )
    text = str(caught.value)
    assert 'handlers[0].type: no handler "early_stoping"; did you mean "early_stopping"?' in text
    assert 'handlers[1].hour: unknown key; did you mean "hours"?' in text


def test_what_cannot_be_attached_or_saved_names_the_handler(tiny_experiment, tmp_path):
    with pytest.raises(PluginError, match=r'handler "nothing": .*expected a handler, which has at'):
        run(tiny_experiment, tmp_path / "a", 'handlers=[{type="nothing"}]')
    with pytest.raises(SrcoreError, match=r'^handlers "unsavable" \(.*cannot be read back'):
        run(tiny_experiment, tmp_path / "b", 'handlers=[{type="unsavable"}]')


def test_events_of_the_core_come_to_handlers_too(tiny_experiment, tmp_path):
    seen = []

    class Watcher:
        def attach(self, run, parts, trainer, evaluator):
            for event in TrainingEvents:
                trainer.add_event_handler(event, lambda engine, name=event.name: seen.append(name))

    with using(PluginManager(discover=False)) as manager:
        manager.registry.add("handler", "watcher", None, Watcher)
        loaded = srcore.load_experiment(tiny_experiment, ['handlers=[{type="watcher"}]'])
        run_experiment(loaded, tmp_path)
    rows = (tmp_path / "tiny/metrics.jsonl").read_text().splitlines()
    phases = [json.loads(row)["phase"] for row in rows]
    assert seen.count("VALUES_LOGGED") == phases.count("train")
    assert seen.count("VALIDATION_COMPLETED") == phases.count("tiny")


@pytest.mark.parametrize("fails", [False, True])
def test_handlers_are_closed_however_it_ends(tiny_experiment, tmp_path, fails):
    class Closing(Stateless):
        def attach(self, run, parts, trainer, evaluator):
            if fails:
                trainer.add_event_handler(Events.ITERATION_STARTED(once=2), lambda _: 1 / 0)

        def close(self):
            SEEN.append("closed")

    SEEN.clear()
    with using(PluginManager(discover=False)) as manager:
        manager.registry.add("handler", "closing", None, Closing)
        loaded = srcore.load_experiment(tiny_experiment, ['handlers=[{type="closing"}]'])
        if fails:
            with pytest.raises(ZeroDivisionError):
                run_experiment(loaded, tmp_path)
        else:
            run_experiment(loaded, tmp_path)
    assert SEEN == ["closed"]


ALWAYS = ("records", "log", "progress", "pictures", "checkpoint", "validation", "tensorboard")


def test_tables_of_those_that_are_always_there_change_nothing(tiny_experiment, tmp_path):
    without = run(tiny_experiment, tmp_path / "without")
    tables = ",".join(f'{{type="{name}"}}' for name in reversed(ALWAYS))
    assert_same_state(without, run(tiny_experiment, tmp_path / "with", f"handlers=[{tables}]"))
    files = [
        {
            path.relative_to(tmp_path / name).as_posix(): path.read_bytes()
            for path in (tmp_path / name).rglob("*")
            if path.suffix in (".jsonl", ".csv", ".png")
        }
        for name in ("without", "with")
    ]
    assert files[0] == files[1]
    assert len(files[0]) >= 6
    # Exports name their experiment, which is another one here; the weights are the same.
    for name in ("generator.safetensors", "generator_best.safetensors"):
        exports = [load_file(tmp_path / it / "tiny" / name) for it in ("without", "with")]
        assert_same_state(*exports)


@pytest.mark.parametrize("name", ["records", "checkpoint", "validation"])
def test_those_that_a_resume_stands_on_are_not_switched_off(tiny_experiment, name):
    with pytest.raises(ConfigError, match=r" handlers\[0\]\.enabled: is needed by resume"):
        srcore.load_experiment(tiny_experiment, [f'handlers=[{{type="{name}",enabled=false}}]'])


def test_there_is_one_of_each_that_is_always_there(tiny_experiment):
    with pytest.raises(ConfigError, match=r" handlers\[0\]\.name: is always there, once"):
        srcore.load_experiment(tiny_experiment, ['handlers=[{type="records",name="second"}]'])


def test_log_and_pictures_are_switched_off_by_a_table(tiny_experiment, tmp_path, caplog):
    tables = 'handlers=[{type="log",enabled=false},{type="pictures",enabled=false}]'
    with caplog.at_level("DEBUG", logger="srcore"):
        run(tiny_experiment, tmp_path / "without", tables)
        assert "iteration 6/6" not in caplog.text
        assert "validation at iteration" not in caplog.text
        run(tiny_experiment, tmp_path / "with")
    assert "iteration 6/6: l1" in caplog.text
    assert "validation at iteration 6: tiny/psnr" in caplog.text
    assert not (tmp_path / "without/tiny/images").exists()
    assert (tmp_path / "with/tiny/images").is_dir()


def test_a_bar_counts_iterations_and_shows_the_first_loss_and_metric(
    tiny_experiment, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    run(tiny_experiment, tmp_path)
    bar = capsys.readouterr().err.replace("\r", "\n").splitlines()
    assert any("6/6" in line and "l1=" in line and "tiny/psnr=" in line for line in bar), bar
