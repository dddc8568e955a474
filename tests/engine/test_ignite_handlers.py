"""Every handler of Ignite in a real run: it sees the values of metrics.jsonl, at their iteration.

A name that Ignite brings anew fails the first test, until it is tried here or said to make no
sense.
"""

import importlib
import json
import pkgutil
import re
import sys
import warnings
from collections import defaultdict
from pathlib import Path
from types import ModuleType
from unittest.mock import MagicMock

import attrs
import ignite.contrib.handlers
import ignite.handlers as ih
import pytest
import torch
from ignite.engine import Events
from ignite.handlers.base_logger import BaseLogger

import srcore
from srcore.engine.events import TrainingEvents
from srcore.engine.stages import run_experiment
from srcore.plugin.manager import PluginManager, using
from srcore.runs.ending import read_ending

METRIC = "tiny/psnr"

#: Names of ``ignite.handlers`` that are not attached, and why.
SENSELESS = {
    "BaseParamScheduler": "abstract: what derives from it is attached",
    "ParamScheduler": "abstract: what derives from it is attached",
    "CyclicalScheduler": "abstract: what derives from it is attached",
    "StateParamScheduler": "abstract: what derives from it is attached",
    "BatchSizeScheduler": "wants a DataLoader of its own; batches are a function of the experiment "
    "and the iteration, so that a resumed run gets the same",
    "DiskSaver": "no handler: it is what Checkpoint saves with, and attached with it",
    "global_step_from_engine": "no handler: it is what loggers take their step from, and attached "
    "with them",
}

#: Names of the modules of loggers that are no loggers of values, and why.
NO_LOGGERS = {
    "ClearMLSaver": "saves by the client of ClearML, where a server is",
    "NeptuneSaver": "saves by the client of Neptune, where a server is",
}

#: Loggers beside what they import, which is not there: it stands in the place of a package.
CLIENTS = {
    "ClearMLLogger": (
        "clearml",
        "clearml.binding",
        "clearml.binding.frameworks",
        "clearml.binding.frameworks.tensorflow_bind",
    ),
    "MLflowLogger": ("mlflow", "mlflow.utils", "mlflow.utils.validation"),
    "NeptuneLogger": ("neptune",),
    "PolyaxonLogger": ("polyaxon", "polyaxon.tracking"),
    "TensorboardLogger": ("tensorboardX",),
    "VisdomLogger": ("visdom",),
    "WandBLogger": ("wandb",),
}

TRIALS = {}


def tries(*names):
    """A trial of handlers: a function of a :class:`Trial`, and of the name if there are several."""

    def keep(function):
        for name in names:
            TRIALS[name] = function if len(names) == 1 else lambda t, n=name: function(t, n)
        return function

    return keep


@attrs.define
class Trial:
    """A run to which something is attached."""

    experiment: Path
    folder: Path

    def run(self, attach, *overrides):
        plugin = ModuleType("attaching")

        @srcore.hookimpl
        def srcore_engines_created(run, parts, trainer, evaluator):
            attach(run, parts, trainer, evaluator)

        plugin.srcore_engines_created = srcore_engines_created
        with using(PluginManager(discover=False, extra=[plugin])):
            loaded = srcore.load_experiment(self.experiment, ["train.log_every=1", *overrides])
            run_experiment(loaded, self.folder, quiet=True)

    def values(self, name):
        """Values of the training by iteration."""
        return {number: values[name] for number, values in self._rows("train").items()}

    def validations(self):
        return {
            number: {f"tiny/{name}": value for name, value in values.items()}
            for number, values in self._rows("tiny").items()
        }

    def rates(self):
        return list(self.values("learning_rate/generator").values())

    def rows(self):
        return self._rows("train")

    def _rows(self, phase):
        lines = (self.folder / "tiny/metrics.jsonl").read_text("utf-8").splitlines()
        rows = [row for row in map(json.loads, lines) if row["phase"] == phase]
        return {row["iteration"]: row["values"] for row in rows}

    @property
    def ending(self):
        return read_ending(self.folder / "tiny")


def optimizer_of(parts):
    return parts.updaters["generator"].optimizer


def test_every_handler_of_ignite_is_tried_or_makes_no_sense():
    assert sorted(TRIALS | SENSELESS) == sorted(ih.__all__)
    assert not TRIALS.keys() & SENSELESS.keys()
    loggers = {
        name
        for name in ih.__all__
        if isinstance(getattr(ih, name), type) and issubclass(getattr(ih, name), BaseLogger)
    }
    assert loggers == CLIENTS.keys() | {"ProgressBar"}


def test_handlers_of_contrib_are_those_that_are_tried():
    places = pkgutil.iter_modules(ignite.contrib.handlers.__path__, "ignite.contrib.handlers.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # they say that they have moved
        modules = [ignite.contrib.handlers, *(importlib.import_module(p.name) for p in places)]
    for module in modules:
        for name, value in vars(module).items():
            if isinstance(value, type) and value.__module__.startswith("ignite."):
                assert value.__module__.startswith(("ignite.handlers.", "ignite.engine.")), name


@pytest.mark.parametrize("name", TRIALS)
def test_handler_of_ignite_works_and_sees_the_records(name, tiny_experiment, tmp_path, monkeypatch):
    for module in CLIENTS.get(name, ()):
        monkeypatch.setitem(sys.modules, module, MagicMock())
    if name == "TensorboardLogger":
        monkeypatch.setattr("torch.utils.tensorboard.SummaryWriter", MagicMock())
    TRIALS[name](Trial(tiny_experiment, tmp_path / "runs"))


@tries("EarlyStopping")
def early_stopping(trial):
    seen = []

    def attach(run, parts, trainer, evaluator):
        def score(engine):
            seen.append(engine.state.metrics[METRIC])
            return -float(len(seen))  # every validation is worse than the one before

        evaluator.add_event_handler(Events.COMPLETED, ih.EarlyStopping(2, score, trainer))

    trial.run(attach, "train.validate_every=1", "train.iterations=8")
    assert seen == [values[METRIC] for values in trial.validations().values()]
    assert trial.ending.iteration == 3


@tries("Checkpoint")
def checkpoint(trial):
    def attach(run, parts, trainer, evaluator):
        handler = ih.Checkpoint(
            {"generator": parts.generator_module},
            ih.DiskSaver(str(trial.folder / "ignite"), require_empty=False),
            n_saved=None,
            score_function=ih.Checkpoint.get_default_score_fn(METRIC),
            score_name="psnr",
            global_step_transform=ih.global_step_from_engine(trainer, Events.ITERATION_COMPLETED),
        )
        evaluator.add_event_handler(Events.COMPLETED, handler)

    trial.run(attach)
    assert {path.name for path in (trial.folder / "ignite").iterdir()} == {
        f"generator_{number}_psnr={values[METRIC]:.4f}.pt"
        for number, values in trial.validations().items()
    }


@tries("ModelCheckpoint")
def model_checkpoint(trial):
    def attach(run, parts, trainer, evaluator):
        keep = ih.ModelCheckpoint(
            str(trial.folder / "models"), "tiny", n_saved=None, require_empty=False
        )
        what = {"generator": parts.generator_module}
        trainer.add_event_handler(TrainingEvents.CHECKPOINT_SAVED(every=3), keep, what)

    trial.run(attach)
    for number in (3, 6):
        kept = torch.load(trial.folder / f"models/tiny_generator_{number}.pt", weights_only=True)
    saved = torch.load(trial.folder / "tiny/checkpoints/last.pt", weights_only=True)
    trained = saved["networks"]["generator"]
    assert all(torch.equal(kept[name], trained[name]) for name in trained)
    assert sorted(path.name for path in (trial.folder / "models").iterdir()) == [
        "tiny_generator_3.pt",
        "tiny_generator_6.pt",
    ]


@tries("Timer")
def timer(trial):
    made = ih.Timer(average=True)

    def attach(run, parts, trainer, evaluator):
        made.attach(trainer, step=Events.ITERATION_COMPLETED)

    trial.run(attach)
    assert made.step_count == len(trial.rows()) == 6
    assert made.value() > 0


@tries("TerminateOnNan")
def terminate_on_nan(trial):
    def attach(run, parts, trainer, evaluator):
        def first(losses):
            seen.append(float(losses["l1"]))
            return float("nan") if trainer.state.iteration == 4 else losses

        trainer.add_event_handler(Events.ITERATION_COMPLETED, ih.TerminateOnNan(first))

    seen = []
    trial.run(attach)
    assert seen == pytest.approx(list(trial.values("l1").values()))
    assert (trial.ending.iteration, trial.ending.complete) == (4, True)


@tries("TimeLimit")
def time_limit(trial):
    def attach(run, parts, trainer, evaluator):
        limit = ih.TimeLimit(limit_sec=1)
        limit.start_time -= 10
        trainer.add_event_handler(Events.ITERATION_COMPLETED(every=2), limit)

    trial.run(attach)
    assert (trial.ending.iteration, trial.ending.complete) == (2, True)
    assert list(trial.validations()) == [2]


@tries("EpochOutputStore")
def epoch_output_store(trial):
    stored = []

    def attach(run, parts, trainer, evaluator):
        ih.EpochOutputStore().attach(evaluator, "images")
        ih.EpochOutputStore(lambda losses: float(losses["l1"])).attach(trainer, "losses_seen")
        evaluator.add_event_handler(
            Events.COMPLETED, lambda engine: stored.append(len(engine.state.images))
        )
        trainer.add_event_handler(
            Events.EPOCH_COMPLETED, lambda engine: stored.extend(engine.state.losses_seen)
        )

    trial.run(attach)
    assert stored[:2] == [2, 2], "images of a validation"
    assert stored[2:] == pytest.approx(list(trial.values("l1").values()))


@tries("EMAHandler")
def ema_handler(trial):
    seen = []

    def attach(run, parts, trainer, evaluator):
        average = ih.EMAHandler(parts.generator_module, momentum=0.1)
        average.attach(trainer, name="momentum", event=Events.ITERATION_COMPLETED)

        @trainer.on(Events.COMPLETED)
        def compare(engine):
            # after each iteration as srcore's own average, of train.ema_decay = 0.9
            own = parts.ema.network.state_dict()
            for name, value in average.ema_model.state_dict().items():
                torch.testing.assert_close(value, own[name])
            seen.append(engine.state.momentum)

    trial.run(attach, "train.ema_warmup=false")
    assert seen == [0.1]


@tries("BasicTimeProfiler", "HandlersTimeProfiler")
def profilers(trial, name):
    made = getattr(ih, name)()
    trial.run(lambda run, parts, trainer, evaluator: made.attach(trainer))
    results = made.get_results()
    if name == "BasicTimeProfiler":
        assert results["processing_stats"]["total"] > 0
        assert made.processing_times.shape == (6,)
    else:
        assert any("TOTAL" in row[0].upper() or row[0] == "Total" for row in results), results


@tries("ProgressBar")
def progress_bar(trial):
    shown = []

    def attach(run, parts, trainer, evaluator):
        bar = ih.ProgressBar(disable=True)
        bar.attach(trainer, metric_names="all", event_name=Events.ITERATION_COMPLETED)
        bar._reset(pbar_total=6)  # a switched off bar takes what it would show
        bar.pbar.set_postfix = lambda values: shown.append(dict(values))

    trial.run(attach)
    assert shown == [pytest.approx(row) for row in trial.rows().values()]


@tries("FBResearchLogger")
def research_logger(trial):
    logger = MagicMock()

    def attach(run, parts, trainer, evaluator):
        made = ih.FBResearchLogger(logger, show_output=True)
        made.attach(trainer, "training", optimizer=optimizer_of(parts))

    trial.run(attach)
    lines = [call.args[0] for call in logger.info.call_args_list]
    found = [re.search(r"\[(\d)/6\].* lr: (\S+) .*l1: (\S+)", line) for line in lines]
    found = [[float(text) for text in match.groups()] for match in found if match]
    rates = trial.rates()
    assert [line[0] for line in found] == list(trial.rows())
    assert [line[1] for line in found] == pytest.approx(rates, abs=1e-5)
    assert [line[2] for line in found] == pytest.approx(list(trial.values("l1").values()), 1e-3)


RATES = [1e-3, 9e-4, 8e-4, 7e-4, 6e-4, 5e-4]


def linear(optimizer, **named):
    return ih.PiecewiseLinear(
        optimizer, "lr", milestones_values=[(0, RATES[0]), (5, RATES[5])], **named
    )


def cosine(optimizer):
    return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=5)


#: Schedulers of the learning rate; each begins at ``ITERATION_STARTED`` of the first iteration.
SCHEDULERS = {
    "PiecewiseLinear": linear,
    "LinearCyclicalScheduler": lambda o: ih.LinearCyclicalScheduler(o, "lr", 1e-3, 1e-4, 4),
    "CosineAnnealingScheduler": lambda o: ih.CosineAnnealingScheduler(o, "lr", 1e-3, 1e-4, 4),
    "ConcatScheduler": lambda o: ih.ConcatScheduler(
        [ih.LinearCyclicalScheduler(o, "lr", 1e-4, 1e-3, 6), linear(o)], durations=[3]
    ),
    "ParamGroupScheduler": lambda o: ih.ParamGroupScheduler([linear(o, param_group_index=0)]),
    "LRScheduler": lambda o: ih.LRScheduler(cosine(o)),
    "create_lr_scheduler_with_warmup": lambda o: ih.create_lr_scheduler_with_warmup(
        ih.LRScheduler(cosine(o)), warmup_start_value=1e-5, warmup_duration=3
    ),
}


@tries(*SCHEDULERS)
def schedulers(trial, name):
    used = []

    def attach(run, parts, trainer, evaluator):
        optimizer = optimizer_of(parts)
        trainer.add_event_handler(Events.ITERATION_STARTED, SCHEDULERS[name](optimizer))
        trainer.add_event_handler(
            Events.ITERATION_STARTED, lambda engine: used.append(optimizer.param_groups[0]["lr"])
        )

    trial.run(attach)
    assert trial.rates() == used
    assert len(set(used)) > 2
    if name == "PiecewiseLinear":
        assert used == pytest.approx(RATES)


@tries("ReduceLROnPlateauScheduler")
def plateau(trial):
    def attach(run, parts, trainer, evaluator):
        scheduler = ih.ReduceLROnPlateauScheduler(
            optimizer_of(parts), METRIC, trainer, mode="max", factor=0.5, patience=0, threshold=1e9
        )
        evaluator.add_event_handler(Events.COMPLETED, scheduler)
        schedulers.append(scheduler)

    schedulers = []
    trial.run(attach, "train.validate_every=2")
    first, *_ = rates = trial.rates()
    # validations are at 2, 4 and 6; none is better than the first by that much
    assert rates == pytest.approx([first] * 4 + [first / 2] * 2)
    best = max(values[METRIC] for values in trial.validations().values())
    assert schedulers[0].scheduler.best <= best


@tries("FastaiLRFinder")
def rate_finder(trial):
    finder = ih.FastaiLRFinder()

    def attach(run, parts, trainer, evaluator):
        optimizer = optimizer_of(parts)
        context = finder.attach(
            trainer,
            {"model": parts.generator_module, "optimizer": optimizer},
            output_transform=lambda losses: float(losses["l1"]),
            end_lr=100.0,
            smooth_f=0,
            diverge_th=3.0,
        )
        context.__enter__()
        trainer.add_event_handler(
            Events.COMPLETED, lambda engine: context.__exit__(None, None, None)
        )

    trial.run(attach)
    found = finder.get_results()
    assert trial.ending.iteration == 5, "where the loss was three times the best"
    assert found["loss"] == pytest.approx(list(trial.values("l1").values()))
    # what it sets at the end of an iteration holds in the next
    assert found["lr"][:-1] == pytest.approx(trial.rates()[1:])


STATES = {
    "LambdaStateScheduler": {"lambda_obj": lambda index: 2.0 * index},
    "PiecewiseLinearStateScheduler": {"milestones_values": [(1, 1.0), (6, 6.0)]},
    "ExpStateScheduler": {"initial_value": 1.0, "gamma": 0.5},
    "StepStateScheduler": {"initial_value": 1.0, "gamma": 0.5, "step_size": 2},
    "MultiStepStateScheduler": {"initial_value": 1.0, "gamma": 0.5, "milestones": [2, 4]},
}


@tries(*STATES)
def state_schedulers(trial, name):
    """What they set is there for everybody at the same iteration."""
    seen = []

    def attach(run, parts, trainer, evaluator):
        made = getattr(ih, name)(param_name="strength", create_new=True, **STATES[name])
        made.attach(trainer, Events.ITERATION_STARTED)
        trainer.add_event_handler(
            Events.ITERATION_COMPLETED, lambda engine: seen.append(engine.state.strength)
        )

    trial.run(attach)
    expected = getattr(ih, name).simulate_values(6, param_name="strength", **STATES[name])
    assert seen == [value for _, value in expected]


def test_a_scheduler_beside_the_schedule_is_told_of_once(tiny_experiment, tmp_path, caplog):
    trial = Trial(tiny_experiment, tmp_path / "runs")

    def attach(run, parts, trainer, evaluator):
        trainer.add_event_handler(Events.ITERATION_STARTED, linear(optimizer_of(parts)))

    schedule = 'schedule.generator={ type = "multistep", milestones = [4] }'
    trial.run(attach, schedule)
    assert caplog.text.count("the learning rate of EDSR was set to 0.0009 beside its sch") == 1
    caplog.clear()
    alone = Trial(tiny_experiment, tmp_path / "others")
    alone.run(lambda *given: None, schedule)
    assert "beside its schedule" not in caplog.text
    assert trial.rates() == alone.rates()


class Scheduling:
    """A handler of ``[[handlers]]`` that attaches one of Ignite, as the documentation says."""

    def attach(self, run, parts, trainer, evaluator):
        self.scheduler = ih.LRScheduler(cosine(optimizer_of(parts)))
        if self.saved is not None:
            self.scheduler.load_state_dict(self.saved)
        trainer.add_event_handler(Events.ITERATION_STARTED, self.scheduler)

    saved = None

    def state_dict(self):
        return self.scheduler.state_dict()

    def load_state_dict(self, state):
        self.saved = state


def test_a_scheduler_of_ignite_goes_on_after_a_resume(tiny_experiment, tmp_path):
    plugin = ModuleType("scheduling")

    @srcore.hookimpl
    def srcore_register_components(registry):
        registry.add("handler", "scheduling", None, Scheduling)

    plugin.srcore_register_components = srcore_register_components

    def rates(folder, *numbers):
        for number in numbers:
            overrides = ['handlers=[{ type = "scheduling" }]', "train.log_every=1"]
            overrides += [f"train.iterations={number}"]
            loaded = srcore.load_experiment(tiny_experiment, overrides)
            run_experiment(loaded, tmp_path / folder, resume=number != numbers[0], quiet=True)
        return Trial(tiny_experiment, tmp_path / folder).rates()

    with using(PluginManager(discover=False, extra=[plugin])):
        whole = rates("whole", 6)
        assert rates("parts", 2, 6) == whole
    assert len(set(whole)) == 6


def numbers(value):
    """All numbers in the arguments of a call; texts of loggers hold some too."""
    if isinstance(value, bool):
        return
    if isinstance(value, (int, float)):
        yield value
    elif isinstance(value, torch.Tensor):
        yield value.item()
    elif isinstance(value, dict):
        for item in value.values():
            yield from numbers(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from numbers(item)


def logged(client):
    """Numbers with a point that a client was told, by the whole number that came with them."""
    found = defaultdict(set)
    for _, given, named in client.mock_calls:
        told = list(numbers((given, named)))
        steps = [value for value in told if isinstance(value, int)]
        values = {round(value, 6) for value in told if isinstance(value, float)}
        if len(steps) == 1 and values:
            found[steps[0]] |= values
    return dict(found)


@tries(*CLIENTS)
def loggers(trial, name):
    place = importlib.import_module(getattr(ih, name).__module__)
    known = {n for n in place.__all__ if n not in NO_LOGGERS and n not in ih.__all__}
    kinds = sorted(known - {"OutputHandler", "OptimizerParamsHandler"})
    client, beside = MagicMock(name=name), MagicMock(name=f"{name} of weights")
    watched = defaultdict(list)

    def made_for(client):
        made = getattr(ih, name)(**({"num_workers": 0} if name == "VisdomLogger" else {}))
        for inner in ("writer", "experiment", "clearml_logger", "grad_helper", "vis", "_wandb"):
            if inner in vars(made):
                setattr(made, inner, client)
        if name == "MLflowLogger":
            made.log_metrics = client.log_metrics
        return made

    def attach(run, parts, trainer, evaluator):
        made = made_for(client)
        second = made_for(beside)
        of_weights = [getattr(place, kind)(parts.generator_module) for kind in kinds]

        def look(*_):
            """Before an optimiser steps there are gradients, clipped ones."""
            for handler in of_weights:
                beside.reset_mock()
                handler(trainer, second, Events.ITERATION_COMPLETED)
                told = [list(numbers((given, named))) for _, given, named in beside.mock_calls]
                watched[type(handler).__name__].append(told)

        optimizer_of(parts).register_step_pre_hook(look)
        made.attach_output_handler(
            trainer, TrainingEvents.VALUES_LOGGED, tag="train", metric_names="all"
        )
        made.attach_output_handler(
            evaluator,
            Events.COMPLETED,
            tag="sets",
            metric_names="all",
            global_step_transform=ih.global_step_from_engine(trainer, Events.ITERATION_COMPLETED),
        )
        made.attach_opt_params_handler(
            trainer, Events.ITERATION_COMPLETED(every=2), optimizer=optimizer_of(parts)
        )

    trial.run(attach)
    expected = defaultdict(set)
    for found in (trial.rows(), trial.validations()):
        for number, values in found.items():
            expected[number] |= {round(value, 6) for value in values.values()}
    assert logged(client) == expected
    assert {"OutputHandler", "OptimizerParamsHandler"} <= known
    assert sorted(watched) == kinds
    assert all(len(told) == 6 and all(told) for told in watched.values())
    if "GradsScalarHandler" in watched:
        found = [
            sum(value**2 for call in told for value in call if isinstance(value, float)) ** 0.5
            for told in watched["GradsScalarHandler"]
        ]
        norms = trial.values("gradient_norm/generator")
        assert found == pytest.approx(list(norms.values()))
