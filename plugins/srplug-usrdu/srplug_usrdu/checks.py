"""What can be known of the plugin's stages before anything has run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from srcore.errors import DataError, Problem
from srcore.images import list_images
from srplug_usrdu.options import SCALES, hr_folder

if TYPE_CHECKING:
    from srcore.config.schema import Experiment


def task_problems(experiment: Experiment) -> Iterator[Problem]:
    """Empty folders, and scales without a DSN.

    The options' own ``problems`` are not asked while one of their paths names the output of a stage
    that has not run; this is.
    """
    task = experiment.task
    if task is None or task.type not in ("usrdu_generate", "usrdu_kernels"):
        return
    if task.type == "usrdu_kernels":
        yield from _folder_problems("task.lr", task.options.lr)
        return
    folder = hr_folder(task.options.hr, experiment)
    if folder is None:
        yield Problem(
            "task.hr", "required key is missing; data.train names no single folder hr either"
        )
    else:
        yield from _folder_problems("task.hr", folder, recursive=task.options.recursive)
    if experiment.scale not in SCALES:
        yield Problem("scale", f"USR-DU knows scales 2 and 4, found {experiment.scale}")


def _folder_problems(path: str, folder: Path, *, recursive: bool = False) -> Iterator[Problem]:
    if folder.is_dir():
        try:
            list_images(folder, recursive=recursive)
        except DataError as error:
            yield Problem(path, str(error))
