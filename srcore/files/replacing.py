"""No input is ever replaced by an output: they are compared as files, not as names.

A name may lead to a file through links, ``..``, another case or a second mount; what counts is
where it ends. Every command that writes asks here before it begins.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path

from srcore.errors import SrcoreError
from srcore.files.names import name_key
from srcore.messages import some


class ReplacedInputError(SrcoreError):
    """A job would replace, or mix its results with, what it reads."""

    exit_code = 2


def file_key(path: Path) -> Hashable:
    """Equal for all paths of one file or folder, whether it exists or is yet to be written."""
    try:
        state = path.stat()
    except (OSError, ValueError):
        state = None
    if state is not None and state.st_ino:
        return state.st_dev, state.st_ino
    try:
        place = os.path.realpath(path)
    except ValueError:  # a NUL: no file can have this name, whoever opens it says so
        place = os.path.abspath(path)
    return name_key(place) if sys.platform in ("win32", "darwin") else place


def refuse_replacing(inputs: Iterable[Path], outputs: Iterable[Path]) -> None:
    """Refuse outputs that are inputs.

    Raises:
        ReplacedInputError: names them.
    """
    known = {file_key(path): path for path in inputs}
    replaced = [(path, known[key]) for path in outputs if (key := file_key(path)) in known]
    if replaced:
        output, source = replaced[0]
        what = "is an input" if output == source else f"is the input {source}"
        more = f", and {len(replaced) - 1} more are inputs" if len(replaced) > 1 else ""
        raise ReplacedInputError(
            f"{output}: {what}{more}; no input is replaced by an output, name another place"
        )


def refuse_sharing(outputs: Sequence[tuple[Path, str]]) -> None:
    """Refuse two outputs in one file.

    Args:
        outputs: files and what is written to them.

    Raises:
        ReplacedInputError: names them.
    """
    first: dict[Hashable, str] = {}
    shared = []
    for path, what in outputs:
        key = file_key(path)
        if key in first:
            shared.append(f"{path} ({first[key]} and {what})")
        first.setdefault(key, what)
    if shared:
        raise ReplacedInputError(f"two outputs in one file: {some(shared)}; name different places")
