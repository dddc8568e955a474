"""A run must not be fed with what it writes: its pictures would become images of its data."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from srcore.capabilities import option_capability
from srcore.config.checks import selections
from srcore.config.paths import inputs_of, is_pending
from srcore.config.schema import Experiment
from srcore.errors import Problem


def output_problems(experiment: Experiment, run: Path) -> Iterator[Problem]:
    """Folders that are searched with those below them, among which the run writes images.

    Args:
        experiment: a stage.
        run: the folder of the run, which need not exist.
    """
    if experiment.task is None and not (experiment.train.images and experiment.data.validation):
        return  # no picture is written
    for path, selected in selections(experiment):
        for key, folder in _searched(selected.options):
            if _holds(folder, run):
                yield Problem(
                    f"{path}.{key}",
                    f"{folder} is searched with the folders below it, and the run writes its "
                    f"pictures there ({run}): they would become images of the data; name another "
                    "folder with --output, or one folder of images",
                )


def _searched(options: Any) -> Iterator[tuple[str, Path]]:
    is_listed = option_capability(options, "meta_info") is not None
    if is_listed or not option_capability(options, "recursive"):
        return  # a list says which images are taken
    for key, path, wanted in inputs_of(options):
        if wanted == "folder" and not is_pending(path):
            yield key, path


def _holds(folder: Path, run: Path) -> bool:
    try:
        place = run.resolve()
        return folder.resolve() in (place, *place.parents)
    except (OSError, ValueError, RuntimeError):  # names of nothing are told elsewhere
        return False
