"""A run must not be fed with what it writes: its pictures would become images of its data."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from srcore.capabilities import option_capability
from srcore.config.paths import inputs_of, is_pending
from srcore.config.schema import Experiment
from srcore.config.selections import selections
from srcore.errors import DataError, Problem
from srcore.images import FolderSet, read_meta_info, way_to


def output_problems(experiment: Experiment, run: Path) -> Iterator[Problem]:
    """Folders of images that lead to where the run writes its own, by themselves or by links.

    Args:
        experiment: a stage.
        run: the folder of the run, which need not exist.
    """
    if experiment.task is None and not (experiment.train.images and experiment.data.validation):
        return  # no picture is written
    place = FolderSet([run, *_linked_folders(run)])
    for path, selected in selections(experiment):
        for key, folder, wanted in inputs_of(selected.options):
            if wanted != "folder" or is_pending(folder):
                continue
            way = _way(place, folder, selected.options)
            if way is None:
                continue
            if option_capability(selected.options, "recursive") and place.lies_in(way):
                what = f"{way} is searched with the folders below it, and the run writes its "
            else:
                what = f"{way} leads into the folder of the run, which writes its "
            yield Problem(
                f"{path}.{key}",
                f"{what}pictures there ({run}): they would become images of the data; name "
                "another folder with --output, or one folder of images",
            )


def _way(place: FolderSet, folder: Path, options: Any) -> Path | None:
    if place.holds(folder):
        return folder
    meta_info = option_capability(options, "meta_info")
    if meta_info is None:
        return way_to(place, folder, recursive=bool(option_capability(options, "recursive")))
    try:  # a list says which images are taken
        listed = [folder / name for name in read_meta_info(meta_info)]
        return next(filter(place.holds, listed), None)
    except (DataError, OSError, ValueError):  # told elsewhere
        return None


def _linked_folders(run: Path) -> list[Path]:
    """Folders that lie elsewhere, by links in that of the run."""
    tops = os.walk(run)
    links = [Path(top, name) for top, below, _ in tops for name in below]
    return [link for link in links if link.is_symlink()]
