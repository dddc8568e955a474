"""Values of a file with ``[[stages]]`` that no stage of the run reads.

What every stage overrides or drops, and the stages before ``first_stage``: nobody would say what is
wrong with their names, keys, types and limits. Whether paths exist is not asked: one that nobody
opens may be left to those who extend the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from srcore.checking.stage_tables import ExperimentStage, examined_stages
from srcore.config.file_keys import FIRST_STAGE, OF_FILE
from srcore.config.invalid import Invalid
from srcore.config.merging import merge
from srcore.config.reading import Source
from srcore.config.schema import Experiment
from srcore.config.structure import Structurer
from srcore.errors import Problem

#: What :func:`value_at` finds where nothing is.
NOTHING = object()
_STEP = re.compile(r"\[(\d+)\]|\.?([^.\[\]]+)")


def unread_problems(
    source: Source,
    stages: Sequence[ExperimentStage],
    structurer: Callable[[ExperimentStage], Structurer],
) -> Iterator[tuple[Problem, ExperimentStage]]:
    """What is wrong in values which no stage has, with the tables that hold them.

    Args:
        source: the merged file.
        stages: those that are run, at least one.
        structurer: converts the tables of a stage, and looks for no paths.
    """
    whole = {key: it for key, it in source.table.items() if key != FIRST_STAGE}
    shared = {key: it for key, it in source.table.items() if key not in OF_FILE}
    run = [stage.table for stage in stages]
    # Laid over the first stage, whose other keys complete the tables.
    over_first = attrs.evolve(stages[0], table=merge(run[0], shared), prefix="")
    left_out = []
    if FIRST_STAGE in source.table:
        names = {stage.name for stage in stages}
        all_stages, _ = examined_stages(attrs.evolve(source, table=whole))
        left_out = [stage for stage in all_stages if stage.name not in names]
    for stage, own in [(over_first, shared), *((stage, stage.table) for stage in left_out)]:
        for problem in _conversion_problems(stage, structurer(stage)):
            value = value_at(own, problem.path)
            if value is not NOTHING and not any(value_at(it, problem.path) == value for it in run):
                yield problem, stage


def _conversion_problems(stage: ExperimentStage, structurer: Structurer) -> tuple[Problem, ...]:
    try:
        structurer.structure(stage.table, Experiment)
    except Invalid as error:
        return tuple(error.problems)
    return ()


def value_at(table: Any, path: str) -> Any:
    """The value of a dotted key; ``NOTHING`` where there is none."""
    value = table
    for index, key in _STEP.findall(path):
        if isinstance(value, list) and index and int(index) < len(value):
            value = value[int(index)]
        elif isinstance(value, Mapping) and key in value:
            value = value[key]
        else:
            return NOTHING
    return value
