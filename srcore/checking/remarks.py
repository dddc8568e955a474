"""What works but may not be meant: said by ``srcore check`` and at the start of a run."""

from __future__ import annotations

from collections.abc import Iterator

from srcore.capabilities import option_capability
from srcore.checking.data_remarks import data_remarks
from srcore.checking.metric_checks import lacks
from srcore.checking.training_remarks import training_remarks
from srcore.config.schema import Experiment
from srcore.config.selections import selections
from srcore.errors import Problem


def remarks(experiment: Experiment) -> Iterator[Problem]:
    """Everything worth a line that is no error."""
    yield from training_remarks(experiment)
    yield from data_remarks(experiment)
    yield from (lack.problem for lack in lacks(experiment) if not lack.is_total)
    for path, selected in selections(experiment):
        said = option_capability(selected.options, "remarks")
        for key, message in said(experiment) if said else ():
            yield Problem(f"{path}.{key}" if key else path, message)
