"""Settings of a training that work but may not be meant."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from srcore.capabilities import option_capability
from srcore.config.schema import Experiment, TrainTable
from srcore.errors import Problem

#: Share of the start in a running average from which on it is worth a line.
_NOTICEABLE = 0.01


def training_remarks(experiment: Experiment) -> Iterator[Problem]:
    """An average that a constant decay leaves unfinished, intervals that are never over."""
    if experiment.task is not None:
        return
    yield from _early_average(experiment)
    yield from _intervals(experiment)
    yield from _batch_dependent(experiment)


def _batch_dependent(experiment: Experiment) -> Iterator[Problem]:
    """What makes a batch that is computed in parts another one than the whole batch."""
    accumulate = experiment.train.accumulate
    if accumulate == 1:
        return
    judge = experiment.discriminator
    parts = [loss.selected.options for loss in experiment.losses]
    parts += [judge.selected.options] if judge is not None else []
    reasons = dict.fromkeys(option_capability(options, "sees_batch") for options in parts)
    if any(reasons):
        yield Problem(
            "train.accumulate",
            f"{accumulate} parts are not quite the whole batch: "
            f"{' and '.join(filter(None, reasons))} see each part alone; results differ a "
            "little from those of accumulate = 1",
        )


def _early_average(experiment: Experiment) -> Iterator[Problem]:
    train = experiment.train
    left = train.ema_decay**train.iterations
    if train.ema_decay > 0 and not train.ema_warmup and left > _NOTICEABLE:
        start = (
            "start weights"
            if experiment.generator and experiment.generator.weights
            else ("random start")
        )
        yield Problem(
            "train.ema_decay",
            f"{train.ema_decay} over {train.iterations} iterations leaves {left:.0%} of the "
            f"{start} in the average, which is what is validated and exported; set "
            "train.ema_warmup = true, a smaller decay, or more iterations",
        )


def _intervals(experiment: Experiment) -> Iterator[Problem]:
    """What happens every so many iterations, and never does in a training of this length.

    Defaults are not complained of: a short training is measured and saved at its end.
    """
    train, sets = experiment.train, experiment.data.validation
    last = train.iterations
    if train.validate_every and not sets:
        message = "nothing is validated: there is no table [data.validation.NAME]"
        yield Problem("train.validate_every", message)
    for key, what in (
        ("validate_every", "validated at the end only" if sets else ""),
        ("checkpoint_every", "saved at the end only: a run that is killed begins anew"),
        ("keep_every", "no copy of a checkpoint is kept"),
    ):
        every = getattr(train, key)
        if every > last and every != _DEFAULTS[key] and what:
            message = f"{every} iterations are never reached, the training has {last}; {what}"
            yield Problem(f"train.{key}", message)


_DEFAULTS = {field.name: field.default for field in attrs.fields(TrainTable)}
