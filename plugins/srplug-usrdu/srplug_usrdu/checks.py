"""What can be known of the plugin's stages before anything has run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from srcore.data.listing import list_images
from srcore.errors import DataError, Problem
from srplug_usrdu.options import SCALES

if TYPE_CHECKING:
    from srcore.config.schema import Experiment

_FOLDER_KEYS = {"usrdu_generate": "hr", "usrdu_kernels": "lr"}


def task_problems(experiment: Experiment) -> Iterator[Problem]:
    """Empty folders, and scales without a DSN.

    The options' own ``problems`` are not asked while one of their paths names the output of a stage
    that has not run; this is.
    """
    task = experiment.task
    key = _FOLDER_KEYS.get(task.type) if task is not None else None
    if task is None or key is None:
        return
    folder: Path = getattr(task.options, key)
    if folder.is_dir():
        try:
            list_images(folder, recursive=getattr(task.options, "recursive", False))
        except DataError as error:
            yield Problem(f"task.{key}", str(error))
    if task.type == "usrdu_generate" and experiment.scale not in SCALES:
        yield Problem("scale", f"USR-DU knows scales 2 and 4, found {experiment.scale}")
