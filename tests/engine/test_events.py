"""What handlers see, and when: the values of metrics.jsonl at the same iteration."""

import json
from types import ModuleType

import ignite.handlers
import pytest
import torch
from ignite.engine import Events
from ignite.handlers.tensorboard_logger import OutputHandler as BoardOutputHandler
from ignite.handlers.tensorboard_logger import global_step_from_engine

import srcore
from srcore.engine.ending import read_ending
from srcore.engine.events import TrainingEvents
from srcore.engine.runner import run_experiment
from srcore.errors import SrcoreError
from srcore.plugin.manager import PluginManager, using

METRIC = "tiny/psnr"


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
    found = map(json.loads, (output / "tiny/metrics.jsonl").read_text().splitlines())
    return {row["iteration"]: row["values"] for row in found if row["phase"] == phase}


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


def test_early_stopping_of_ignite_stops_where_the_records_say(tiny_experiment, tmp_path):
    seen = []

    def attach(run, parts, trainer, evaluator):
        def score(engine):
            seen.append(engine.state.metrics[METRIC])
            return -float(len(seen))  # every validation is worse than the one before

        handler = ignite.handlers.EarlyStopping(2, score, trainer)
        evaluator.add_event_handler(Events.COMPLETED, handler)

    every = ("train.validate_every=1", "train.iterations=8")
    attached(tiny_experiment, tmp_path, attach, *every)
    found = [values[METRIC] for values in validations(tmp_path).values()]
    assert seen == found
    assert read_ending(tmp_path / "tiny").iteration == 3


def test_checkpoint_of_ignite_keeps_by_the_present_score(tiny_experiment, tmp_path):
    def attach(run, parts, trainer, evaluator):
        handler = ignite.handlers.Checkpoint(
            {"generator": parts.generator_module},
            ignite.handlers.DiskSaver(str(tmp_path / "ignite"), require_empty=False),
            n_saved=None,
            score_function=ignite.handlers.Checkpoint.get_default_score_fn(METRIC),
            score_name="psnr",
            global_step_transform=lambda *_: trainer.state.iteration,
        )
        evaluator.add_event_handler(Events.COMPLETED, handler)

    attached(tiny_experiment, tmp_path, attach)
    names = {path.name for path in (tmp_path / "ignite").iterdir()}
    assert names == {
        f"generator_{number}_psnr={values[METRIC]:.4f}.pt"
        for number, values in validations(tmp_path).items()
    }


class Board:
    """Stands for Ignite's TensorboardLogger: remembers scalars."""

    def __init__(self):
        self.writer, self.scalars = self, {}

    def add_scalar(self, name, value, step):
        self.scalars[name, step] = value


@pytest.fixture
def board(monkeypatch):
    monkeypatch.setattr("ignite.handlers.tensorboard_logger.TensorboardLogger", Board)
    return Board()


def test_output_handlers_of_ignite_write_the_rows(tiny_experiment, tmp_path, board):
    def attach(run, parts, trainer, evaluator):
        write = BoardOutputHandler("train", metric_names="all")
        trainer.add_event_handler(
            TrainingEvents.VALUES_LOGGED, write, board, TrainingEvents.VALUES_LOGGED
        )
        step = global_step_from_engine(trainer, Events.ITERATION_COMPLETED)
        of_sets = BoardOutputHandler("sets", metric_names="all", global_step_transform=step)
        evaluator.add_event_handler(Events.COMPLETED, of_sets, board, Events.COMPLETED)

    attached(tiny_experiment, tmp_path, attach)
    expected = {
        (f"{group}/{name}", number): value
        for group, found in (
            ("train", rows(tmp_path, "train")),
            ("sets", validations(tmp_path)),
        )
        for number, values in found.items()
        for name, value in values.items()
    }
    assert board.scalars == expected


def test_learning_rate_and_weights_are_logged_by_ignite(tiny_experiment, tmp_path, board):
    from ignite.handlers.tensorboard_logger import (
        OptimizerParamsHandler,
        WeightsScalarHandler,
    )

    def attach(run, parts, trainer, evaluator):
        optimizer = parts.updaters["generator"].optimizer
        event = Events.ITERATION_COMPLETED(every=2)
        for handler in (
            OptimizerParamsHandler(optimizer, "lr"),
            WeightsScalarHandler(parts.generator_module),
        ):
            trainer.add_event_handler(event, handler, board, Events.ITERATION_COMPLETED)

    attached(tiny_experiment, tmp_path, attach)
    rates = {step: value for (name, step), value in board.scalars.items() if name.startswith("lr/")}
    logged = rows(tmp_path, "train")
    assert rates == {step: values["learning_rate/generator"] for step, values in logged.items()}
    assert any(name.startswith("weights_norm") for name, _ in board.scalars)


def test_watchers_and_clocks_of_ignite_do_their_work(tiny_experiment, tmp_path):
    timer, profiler = ignite.handlers.Timer(average=True), ignite.handlers.BasicTimeProfiler()
    handlers = ignite.handlers.HandlersTimeProfiler()
    averages, running = [], []

    def attach(run, parts, trainer, evaluator):
        timer.attach(trainer, step=Events.ITERATION_COMPLETED)
        profiler.attach(trainer)
        nan = ignite.handlers.TerminateOnNan(lambda losses: sum(losses.values()))
        trainer.add_event_handler(Events.ITERATION_COMPLETED, nan)
        ignite.handlers.EpochOutputStore().attach(evaluator, "images")
        ignite.metrics.RunningAverage(
            output_transform=lambda losses: losses["l1"], alpha=1e-12
        ).attach(trainer, "running")
        trainer.add_event_handler(
            Events.ITERATION_COMPLETED, lambda engine: averages.append(engine.state.losses["l1"])
        )
        trainer.add_event_handler(
            Events.ITERATION_COMPLETED,
            lambda engine: running.append(float(engine.state.metrics["running"])),
        )
        handlers.attach(trainer)
        evaluator.add_event_handler(
            Events.COMPLETED, lambda engine: averages.append(len(engine.state.images))
        )

    attached(tiny_experiment, tmp_path, attach, "train.log_every=1")
    assert timer.step_count == 6
    assert profiler.get_results()["processing_stats"]["total"] > 0
    assert [value for value in averages if isinstance(value, int)] == [2, 2]
    losses = [float(value) for value in averages if not isinstance(value, int)]
    assert losses == [values["l1"] for values in rows(tmp_path, "train").values()]
    assert running == pytest.approx(losses)


def test_time_limit_of_ignite_ends_a_whole_run(tiny_experiment, tmp_path):
    def attach(run, parts, trainer, evaluator):
        limit = ignite.handlers.TimeLimit(limit_sec=1)
        limit.start_time -= 10
        trainer.add_event_handler(Events.ITERATION_COMPLETED(every=2), limit)

    attached(tiny_experiment, tmp_path, attach)
    ending = read_ending(tmp_path / "tiny")
    assert (ending.iteration, ending.complete) == (2, True)
    assert list(validations(tmp_path)) == [2]


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


def test_average_bar_and_models_of_ignite_follow_the_iterations(tiny_experiment, tmp_path):
    bar, averages = ignite.handlers.ProgressBar(disable=True), []

    def attach(run, parts, trainer, evaluator):
        ignite.handlers.EMAHandler(parts.generator_module, momentum=0.5).attach(
            trainer, name="momentum", event=Events.ITERATION_COMPLETED
        )
        bar.attach(trainer, metric_names="all", event_name=Events.ITERATION_COMPLETED(every=2))
        keep = ignite.handlers.ModelCheckpoint(
            str(tmp_path / "models"), "tiny", n_saved=None, require_empty=False
        )
        trainer.add_event_handler(
            TrainingEvents.CHECKPOINT_SAVED(every=3), keep, {"generator": parts.generator_module}
        )

        @trainer.on(Events.ITERATION_COMPLETED)
        def look(engine):
            averages.append(engine.state.momentum)

    attached(tiny_experiment, tmp_path, attach)
    assert averages == [0.5] * 6
    names = {path.name for path in (tmp_path / "models").iterdir()}
    assert names == {"tiny_generator_3.pt", "tiny_generator_6.pt"}
