"""Overrides (``--set``) of values that all stages share, where stages set the key themselves.

A stage reads a shared value if its own table, merged, holds an equal one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from srcore.checking.stage_tables import ExperimentStage
from srcore.checking.unread_values import NOTHING, value_at
from srcore.config.dropping import KEY as DROP
from srcore.config.file_keys import OF_FILE
from srcore.config.reading import Source
from srcore.errors import Problem
from srcore.messages import shown

_OVERRIDE = "--set "
#: Where a stage with ``from`` has its start from, whatever the experiment names.
_START = "generator.weights"


def unread_overrides(source: Source, stages: Sequence[ExperimentStage]) -> Iterator[Problem]:
    """Overrides that no stage reads: an error, since they would do nothing."""
    for path, deaf in _overrides(source, stages):
        if len(deaf) == len(stages):
            message = f"no stage would read it: {_who_has_another(path, deaf)}"
            yield Problem(path, message, source.origin(path))


def partly_read_overrides(source: Source, stages: Sequence[ExperimentStage]) -> Iterator[Problem]:
    """Overrides that some stages do not read: a remark."""
    for path, deaf in _overrides(source, stages):
        if 0 < len(deaf) < len(stages):
            yield Problem(path, _who_has_another(path, deaf), source.origin(path))


def _overrides(
    source: Source, stages: Sequence[ExperimentStage]
) -> Iterator[tuple[str, list[ExperimentStage]]]:
    """Paths of shared values that were overridden, and the stages that do not read them."""
    if not stages[0].prefix:
        return
    shared = {key: it for key, it in source.table.items() if key not in (*OF_FILE, DROP)}
    for path, origin in source.origins.items():
        value = value_at(shared, path)
        if origin.startswith(_OVERRIDE) and not (value is NOTHING or isinstance(value, Mapping)):
            yield (
                path,
                [
                    stage
                    for stage in stages
                    if value_at(stage.table, path) != value
                    and not (path == _START and stage.start_from)
                ],
            )


def _who_has_another(path: str, stages: Sequence[ExperimentStage]) -> str:
    first = stages[0]
    own = value_at(first.table, path)
    there = "dropped" if own is NOTHING else f"{shown(own)} in {shown(first.name)}"
    verb = "has its" if len(stages) == 1 else "have their"
    names = ", ".join(shown(stage.name) for stage in stages)
    hint = f"name the stage: --set stages.{first.name}.{path}=..."
    return f"{names} {verb} own ({there}); {hint}"
