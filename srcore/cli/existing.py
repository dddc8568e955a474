"""Paths of a command line that must be there.

One that is not is wrong use, told before anything is done: exit code 2, in the words of
``srcore check``.
"""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import click

from srcore.config.paths import MISSING, path_complaint, what_is_there
from srcore.files.names import is_url

Wanted = Literal["file", "folder", "any"]


class ExistingPath(click.Path):
    """The type of a parameter that names a file, a folder, or either, which must exist."""

    def __init__(self, wanted: Wanted) -> None:
        super().__init__(
            file_okay=wanted != "folder", dir_okay=wanted != "file", path_type=Path
        )  # the names that the help shows: FILE, DIRECTORY, PATH
        self._wanted: Wanted = wanted

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Like click's, with a complaint that offers the nearest name."""
        complaint = path_complaint(Path(value), self._wanted)
        if complaint:
            self.fail(complaint, param, ctx)
        return super().convert(value, param, ctx)


EXISTING_FILE, EXISTING_FOLDER = ExistingPath("file"), ExistingPath("folder")


def refuse_missing(option: str, path: Path, wanted: Wanted) -> None:
    """Refuse a path that is part of what an option was given, such as that of ``NAME=DIR``.

    Raises:
        UsageError: there is no such file or folder.
    """
    complaint = path_complaint(path, wanted)
    if complaint:
        raise click.UsageError(f"{option}: {complaint}")


def refuse_absent_inputs(inputs: Sequence[str]) -> None:
    """Refuse inputs of which none is there; one of several is a file that failed.

    Args:
        inputs: files, folders, and patterns and addresses, which others look up.

    Raises:
        UsageError: nothing is there.
    """
    if not any(is_url(it) or glob.has_magic(it) or _is_there(it) for it in inputs):
        raise click.UsageError(f"INPUT: {path_complaint(Path(inputs[0]), 'any')}")


def _is_there(name: str) -> bool:
    return what_is_there(Path(name)) != MISSING
