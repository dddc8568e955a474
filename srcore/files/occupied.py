"""What is there is replaced only where somebody asked for it: one refusal for all that write."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from srcore.errors import DataError
from srcore.options.spelling import spelled


class OccupiedError(DataError):
    """What would be written is there, and nobody said that it may be replaced."""

    exit_code = 2


def refuse_existing(paths: Iterable[str | Path], *, overwrite: bool, alternative: str = "") -> None:
    """Refuse outputs that are there, unless they may be replaced.

    Args:
        paths: files or folders to be written.
        overwrite: whether they may be replaced.
        alternative: what else can be done, such as ``"--resume skips what is done"``.

    Raises:
        OccupiedError: names the first, and says how many more there are.
    """
    if overwrite:
        return
    existing = [path for path in paths if os.path.exists(path)]
    if not existing:
        return
    more = f", and {len(existing) - 1} more outputs" if len(existing) > 1 else ""
    ways = [alternative, f"{spelled('overwrite', True)} replaces it"]
    raise OccupiedError(f"{existing[0]}: exists{more}; {', '.join(filter(None, ways))}")
