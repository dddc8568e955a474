"""What is to happen every so many iterations and never does; said by ``srcore check`` only.

A run of a few iterations, to see whether it works, need not hear of it.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from srcore.config.schema import Experiment, TrainTable
from srcore.errors import Problem

_DEFAULTS = {field.name: field.default for field in attrs.fields(TrainTable)}


def interval_remarks(experiment: Experiment) -> Iterator[Problem]:
    """What happens every so many iterations, and never does in a training of this length.

    Defaults are not complained of: a short training is measured and saved at its end.
    """
    if experiment.task is not None:
        return
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
