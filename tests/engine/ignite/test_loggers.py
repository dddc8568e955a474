"""Loggers of Ignite tell their clients what the records hold."""

import importlib
import re
import sys
from collections import defaultdict
from unittest.mock import MagicMock

import ignite.handlers as ih
import pytest
import torch
from ignite.engine import Events
from ignite.handlers.base_logger import BaseLogger

from srcore.engine.events import TrainingEvents

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


def test_every_logger_of_ignite_is_tried():
    loggers = {
        name
        for name in ih.__all__
        if isinstance(getattr(ih, name), type) and issubclass(getattr(ih, name), BaseLogger)
    }
    assert loggers == CLIENTS.keys() | {"ProgressBar"}


def test_progress_bar(trial):
    shown = []

    def attach(run, parts, trainer, evaluator):
        bar = ih.ProgressBar(disable=True)
        bar.attach(trainer, metric_names="all", event_name=Events.ITERATION_COMPLETED)
        bar._reset(pbar_total=6)  # a switched off bar takes what it would show
        bar.pbar.set_postfix = lambda values: shown.append(dict(values))

    trial.run(attach)
    assert shown == [pytest.approx(row) for row in trial.rows().values()]


def test_fb_research_logger(trial):
    logger = MagicMock()

    def attach(run, parts, trainer, evaluator):
        made = ih.FBResearchLogger(logger, show_output=True)
        made.attach(trainer, "training", optimizer=trial.optimizer_of(parts))

    trial.run(attach)
    lines = [call.args[0] for call in logger.info.call_args_list]
    matches = [re.search(r"\[(\d)/6\].* lr: (\S+) .*l1: (\S+)", line) for line in lines]
    matches = [[float(text) for text in match.groups()] for match in matches if match]
    rates = trial.rates()
    assert [line[0] for line in matches] == list(trial.rows())
    assert [line[1] for line in matches] == pytest.approx(rates, abs=1e-5)
    assert [line[2] for line in matches] == pytest.approx(list(trial.values("l1").values()), 1e-3)


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
    tags = defaultdict(set)
    for _, given, named in client.mock_calls:
        told = list(numbers((given, named)))
        steps = [value for value in told if isinstance(value, int)]
        values = {round(value, 6) for value in told if isinstance(value, float)}
        if len(steps) == 1 and values:
            tags[steps[0]] |= values
    return dict(tags)


@pytest.mark.parametrize("name", CLIENTS)
def test_loggers(trial, name, monkeypatch):  # noqa: C901 - what each kind of handler takes
    for module in CLIENTS[name]:
        monkeypatch.setitem(sys.modules, module, MagicMock())
    if name == "TensorboardLogger":
        monkeypatch.setattr("torch.utils.tensorboard.SummaryWriter", MagicMock())
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
            """Before an optimizer steps there are gradients, clipped ones."""
            for handler in of_weights:
                beside.reset_mock()
                handler(trainer, second, Events.ITERATION_COMPLETED)
                told = [list(numbers((given, named))) for _, given, named in beside.mock_calls]
                watched[type(handler).__name__].append(told)

        trial.optimizer_of(parts).register_step_pre_hook(look)
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
            trainer, Events.ITERATION_COMPLETED(every=2), optimizer=trial.optimizer_of(parts)
        )

    trial.run(attach)
    expected = defaultdict(set)
    for kind in (trial.rows(), trial.validations()):
        for number, values in kind.items():
            expected[number] |= {round(value, 6) for value in values.values()}
    assert logged(client) == expected
    assert {"OutputHandler", "OptimizerParamsHandler"} <= known
    assert sorted(watched) == kinds
    assert all(len(told) == 6 and all(told) for told in watched.values())
    if "GradsScalarHandler" in watched:
        sizes = [
            sum(value**2 for call in told for value in call if isinstance(value, float)) ** 0.5
            for told in watched["GradsScalarHandler"]
        ]
        norms = trial.values("gradient_norm/generator")
        assert sizes == pytest.approx(list(norms.values()))
