"""``[train] batch_size = "auto"``: what is checked while the number is not known yet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import attrs

from srcore.errors import SrcoreError

if TYPE_CHECKING:
    from srcore.config.schema import Experiment, TrainTable

AUTO = "auto"
#: Images per piece of a batch for which the rules between tables are tried, in this order.
_TRIED = (2, 1, 3, 4, 5, 6, 8)


def with_batch_size(experiment: Experiment, number: int) -> Experiment:
    """The same experiment with so many images per step."""
    return attrs.evolve(experiment, train=attrs.evolve(experiment.train, batch_size=number))


def numbered(experiment: Experiment) -> Iterator[Experiment]:
    """The experiment itself or, where its batch size is to be found, with some that may be it.

    One for which no rule is broken is enough: the number that is found breaks none.
    """
    if experiment.train.batch_size != AUTO:
        yield experiment
        return
    for parts in _TRIED:
        yield with_batch_size(experiment, parts * experiment.train.accumulate)


def known_batch_size(train: TrainTable) -> int:
    """The batch size of a training that begins, a number.

    Raises:
        SrcoreError: it is to be found by a run.
    """
    if train.batch_size == "auto":
        raise SrcoreError(
            'train.batch_size: "auto" is found when a run begins; give a number here: '
            "--set train.batch_size=8"
        )
    return train.batch_size
