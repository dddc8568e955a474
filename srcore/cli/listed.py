"""Inputs of a command that a text file lists."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from srcore.errors import DataError
from srcore.files.texts import decode_text


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
            raise click.UsageError("INPUT: expected files, folders or patterns, or --list")
        return []
    try:
        text = decode_text(file.read_bytes(), "surrogateescape")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise DataError(f"{file}: cannot be read: {why}") from error
    lines = [line for line in text.replace("\r\n", "\n").split("\n") if line.strip()]
    if not lines and not inputs:
        raise click.UsageError(f"{file}: expected paths, one in each line, found none")
    return lines
