"""Remarks about images: validation images that are trained on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from srcore.capabilities import option_capability
from srcore.config.paths import inputs_of
from srcore.config.schema import Experiment
from srcore.errors import Problem
from srcore.images import FolderSet, way_to


def data_remarks(experiment: Experiment) -> Iterator[Problem]:
    """Validation images below a training folder that is searched with what lies below it."""
    train = experiment.data.train
    if train is None or not option_capability(train.selected.options, "recursive"):
        return
    for name, table in experiment.data.validation.items():
        for key, path in _input_folders(table.selected.options):
            for _, above in _input_folders(train.selected.options):
                if way_to(FolderSet([path]), above, recursive=True) is not None:
                    message = (
                        f"{path} lies in {above}, which is searched with the folders below it: "
                        "the network is trained on these images too"
                    )
                    yield Problem(f"data.validation.{name}.{key}", message)


def _input_folders(options: Any) -> Iterator[tuple[str, Path]]:
    return ((key, path) for key, path, wanted in inputs_of(options) if wanted == "folder")
