"""Settings of a training that work but may not be meant."""

from __future__ import annotations

from collections.abc import Iterator

from srcore.capabilities import option_capability
from srcore.config.schema import Experiment
from srcore.errors import Problem

#: Share of the start in a running average from which on it is worth a line.
_NOTICEABLE = 0.01


def training_remarks(experiment: Experiment) -> Iterator[Problem]:
    """An average that a constant decay leaves unfinished; parts of a batch."""
    if experiment.task is not None:
        return
    yield from _early_average(experiment)
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
