"""Inputs of a command that a text file lists."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from srcore.files.texts import filled_lines


def listed_inputs(file: Path | None, inputs: Sequence[str]) -> list[str]:
    """Paths in a text file, one in each line, relative to the current folder.

    Args:
        file: None: there is none.
        inputs: what the command line names itself.

    Raises:
        UsageError: neither of them names any.
        DataError: the file cannot be read.
    """
    if file is None:
        if not inputs:
            raise click.UsageError(
                "INPUT: expected files, folders, addresses or patterns, or --list"
            )
        return []
    lines = filled_lines(file)
    if not lines and not inputs:
        raise click.UsageError(f"{file}: expected paths, one in each line, found none")
    return lines
