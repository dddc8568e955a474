"""What handlers see, and when: the values of metrics.jsonl at the same iteration."""

import json
from types import ModuleType

import pytest
import torch
from ignite.engine import Events

import srcore
from srcore.engine.events import TrainingEvents
from srcore.errors import SrcoreError
from srcore.launching.stages import run_experiment
from srcore.plugin.manager import PluginManager, using
from srcore.runs.ending import read_ending


def attaching(attach):
    """A plugin that attaches something to the engines."""
    plugin = ModuleType("attaching")

    @srcore.hookimpl
    def srcore_engines_created(run, parts, trainer, evaluator):
        attach(run, parts, trainer, evaluator)

    plugin.srcore_engines_created = srcore_engines_created
    return plugin


def run(experiment, output, *overrides, plugin=None, **options):
    with using(PluginManager(discover=False, extra=[plugin] if plugin else [])):
        run_experiment(srcore.load_experiment(experiment, overrides), output, **options)


def attached(experiment, output, attach, *overrides, **options):
    run(experiment, output, *overrides, plugin=attaching(attach), **options)


def rows(output, phase):
    """Values by iteration of a phase of metrics.jsonl."""
    records = map(json.loads, (output / "tiny/metrics.jsonl").read_text().splitlines())
    return {row["iteration"]: row["values"] for row in records if row["phase"] == phase}


def validations(output):
    return {
        number: {f"tiny/{name}": value for name, value in values.items()}
        for number, values in rows(output, "tiny").items()
    }


@pytest.mark.parametrize("event", [Events.EPOCH_COMPLETED, Events.COMPLETED])
def test_handlers_of_the_evaluators_end_see_this_validation(tiny_experiment, tmp_path, event):
    seen = {}

    def attach(run, parts, trainer, evaluator):
        @evaluator.on(event)
        def end(engine):
            assert trainer.state.iteration not in seen, "once per validation"
            seen[trainer.state.iteration] = dict(engine.state.metrics)

    attached(tiny_experiment, tmp_path, attach, "train.validate_at_start=true")
    assert list(seen) == [0, 3, 6]
    assert seen == validations(tmp_path)


def test_two_sets_are_one_validation(tiny_experiment, tmp_path):
    seen = []

    def attach(run, parts, trainer, evaluator):
        evaluator.add_event_handler(
            Events.COMPLETED, lambda engine: seen.append(list(engine.state.metrics))
        )

    folder = tiny_experiment.parent / "validation"
    other = f'data.validation.other={{type="hr_folder", hr="{folder}"}}'
    attached(tiny_experiment, tmp_path, attach, other)
    names = ["tiny/psnr", "tiny/ssim", "other/psnr", "other/ssim"]
    assert seen == [names, names]


def test_own_events_come_once_with_the_values_of_the_records(tiny_experiment, tmp_path):
    logged, validated, saved = {}, {}, []

    def attach(run, parts, trainer, evaluator):
        @trainer.on(TrainingEvents.VALUES_LOGGED)
        def take(engine):
            logged[engine.state.iteration] = dict(engine.state.metrics)

        @trainer.on(TrainingEvents.VALIDATION_COMPLETED)
        def take_validation(engine):
            validated[engine.state.iteration] = dict(evaluator.state.metrics)
            assert validations(tmp_path)[engine.state.iteration] == evaluator.state.metrics

        @trainer.on(TrainingEvents.CHECKPOINT_SAVED)
        def read(engine):
            state = torch.load(run.checkpoints / "last.pt", weights_only=True)
            assert state["iteration"] == engine.state.iteration
            saved.append((engine.state.iteration, state["validated_at"]))

    attached(tiny_experiment, tmp_path, attach)
    assert logged == rows(tmp_path, "train")
    assert validated == validations(tmp_path)
    assert saved == [(2, -1), (3, -1), (3, 3), (4, 3), (6, 3), (6, 6)]


def test_own_events_are_filtered_by_iteration(tiny_experiment, tmp_path):
    seen = []

    def attach(run, parts, trainer, evaluator):
        event = TrainingEvents.VALIDATION_COMPLETED(once=6)
        trainer.add_event_handler(event, lambda engine: seen.append(engine.state.iteration))

    attached(tiny_experiment, tmp_path, attach)
    assert seen == [6]


def test_iteration_handlers_see_the_row_of_their_iteration(tiny_experiment, tmp_path):
    seen = {}

    def attach(run, parts, trainer, evaluator):
        @trainer.on(Events.ITERATION_COMPLETED(every=2))
        def take(engine):
            seen[engine.state.iteration] = dict(engine.state.metrics)

    attached(tiny_experiment, tmp_path, attach)
    assert seen == rows(tmp_path, "train")


def test_a_validation_that_a_handler_ends_is_one_line(tiny_experiment, tmp_path):
    def attach(run, parts, trainer, evaluator):
        evaluator.add_event_handler(Events.ITERATION_STARTED, lambda engine: engine.terminate())

    with pytest.raises(SrcoreError, match=r"iteration 3: a handler called terminate\(\) of the ev"):
        attached(tiny_experiment, tmp_path, attach)


def test_a_stop_asked_for_at_a_validation_ends_right_there(tiny_experiment, tmp_path):
    def attach(run, parts, trainer, evaluator):
        trainer.add_event_handler(
            TrainingEvents.VALIDATION_COMPLETED, lambda engine: run.request_stop("good enough")
        )

    attached(tiny_experiment, tmp_path, attach)
    ending = read_ending(tmp_path / "tiny")
    assert (ending.iteration, ending.reason) == (3, "good enough")
    assert list(validations(tmp_path)) == [3], "measured once"


def test_run_finished_is_given_the_parts(tiny_experiment, tmp_path):
    seen = []
    plugin = ModuleType("finishing")

    @srcore.hookimpl
    def srcore_run_finished(run, parts, error):
        seen.append((parts.iteration, error is None))

    plugin.srcore_run_finished = srcore_run_finished
    run(tiny_experiment, tmp_path, plugin=plugin)
    assert seen == [(6, True)]
