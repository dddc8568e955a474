"""Experiments with the plugins that are the current ones, as the command line reads them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from srcore.checking import experiment
from srcore.checking.experiment import LoadedExperiment
from srcore.config.schema import Experiment
from srcore.config.structure import Structurer
from srcore.plugin.manager import plugins


def load_unchecked(path: str | Path, overrides: Iterable[str] = ()) -> LoadedExperiment:
    """Read an experiment without checking it."""
    return experiment.load_experiment(path, overrides, plugins=plugins())


def load_checked(
    path: str | Path, overrides: Iterable[str] = (), **where: Path
) -> LoadedExperiment:
    """Read and check an experiment; ``where``: ``resumed`` and ``output``."""
    return experiment.check_experiment(path, overrides, plugins=plugins(), **where)


def typed(table: dict[str, Any]) -> Experiment:
    """The experiment of a table; raises ``srcore.config.structure.Invalid``."""
    made: Experiment = Structurer(plugins().registry).structure(table, Experiment)
    return made
