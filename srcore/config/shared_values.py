"""Values that all stages share: who reads them, and what is wrong with those that nobody reads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from srcore.config.dropping import KEY
from srcore.config.invalid import Invalid
from srcore.config.paths import MISSING
from srcore.config.reading import Source
from srcore.config.schema import Experiment
from srcore.config.stage_tables import FIRST_STAGE, ExperimentStage
from srcore.config.structure import Structurer
from srcore.errors import Problem
from srcore.messages import shown
from srcore.plugin.registry import Registry

_STEP = re.compile(r"[^.\[\]]+")
_OVERRIDE = "--set "
#: Where a stage with ``from`` has its start from, whatever the experiment names.
_START = "generator.weights"


@attrs.frozen
class SharedValues:
    """The values outside of ``stages``, and the stages that do not read them.

    A stage reads a value if its own table, merged, holds an equal one.
    """

    source: Source
    stages: Sequence[ExperimentStage]

    @property
    def table(self) -> dict[str, Any]:
        """What all stages share."""
        own = ("stages", FIRST_STAGE, KEY)
        return {key: value for key, value in self.source.table.items() if key not in own}

    def unread_overrides(self) -> Iterator[Problem]:
        """Overrides that no stage reads, since each sets the key itself."""
        for path, deaf in self._overrides():
            if len(deaf) == len(self.stages):
                message = f"no stage would read it: {_each_sets(path, deaf)}"
                yield Problem(path, message, self.source.origin(path))

    def partly_read_overrides(self) -> Iterator[Problem]:
        """Overrides that some stages do not read."""
        for path, deaf in self._overrides():
            if 0 < len(deaf) < len(self.stages):
                yield Problem(path, _each_sets(path, deaf), self.source.origin(path))

    def problems_of_unread(self, registry: Registry) -> Iterator[Problem]:
        """What is wrong with values that no stage reads; of the others the stages tell.

        Files that are missing are nobody's matter here.
        """
        if not self.stages[0].prefix:
            return
        try:
            Structurer(registry).structure(self.table, Experiment)
        except Invalid as error:
            for problem in error.problems:
                origin = self.source.origin(problem.path)
                value = _standing_at(self.table, problem.path)
                if value is None or isinstance(value, Mapping) or MISSING in problem.message:
                    continue
                if origin.startswith(_OVERRIDE):  # told of already
                    continue
                if len(self._deaf(problem.path)) == len(self.stages):
                    yield attrs.evolve(problem, source=origin)

    def _overrides(self) -> Iterator[tuple[str, list[ExperimentStage]]]:
        for path, origin in self.source.origins.items():
            if not origin.startswith(_OVERRIDE) or not self.stages[0].prefix:
                continue
            value = _standing_at(self.table, path)
            if value is not None and not isinstance(value, Mapping):
                yield path, self._deaf(path)

    def _deaf(self, path: str) -> list[ExperimentStage]:
        value = _standing_at(self.table, path)
        return [
            stage
            for stage in self.stages
            if _standing_at(stage.table, path) != value
            and not (path == _START and stage.start_from)
        ]


def _each_sets(path: str, stages: Sequence[ExperimentStage]) -> str:
    first = stages[0]
    own = _standing_at(first.table, path)
    there = f"{shown(own)} in {shown(first.name)}" if own is not None else "dropped"
    verb = "has its" if len(stages) == 1 else "have their"
    names = ", ".join(shown(stage.name) for stage in stages)
    hint = f"name the stage: --set stages.{first.name}.{path}=..."
    return f"{names} {verb} own ({there}); {hint}"


def _standing_at(table: Any, path: str) -> Any:
    """What stands at a dotted path such as ``losses[0].weight``; None if nothing does."""
    for step in _STEP.findall(path):
        if isinstance(table, list) and step.isdecimal() and int(step) < len(table):
            table = table[int(step)]
        elif isinstance(table, Mapping):
            table = table.get(step)
        else:
            return None
    return table
