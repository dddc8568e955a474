"""Paths in experiments: do they exist, or will an earlier stage make them?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from srcore.config.suggest import closest

#: Paths that start so name the output of an earlier stage and exist only once it has run.
STAGE_PREFIX = "stage:"


def is_pending(path: Any) -> bool:
    """Whether a path names the output of a stage that may not have run yet."""
    return isinstance(path, Path) and str(path).startswith(STAGE_PREFIX)


def path_complaint(path: Path, wanted: str) -> str:
    """What is wrong with a path that should exist, or an empty string."""
    if is_pending(path):
        return ""
    there = {"file": path.is_file(), "folder": path.is_dir(), "any": path.exists()}[wanted]
    if there:
        return ""
    what = "a file or folder" if wanted == "any" else f"a {wanted}"
    state = "is not one" if path.exists() else "does not exist"
    parent = next((folder for folder in path.parents if folder.is_dir()), None)
    hint = ""
    if not path.exists() and parent is not None and parent == path.parent:
        hint = closest(path.name, [entry.name for entry in parent.iterdir()])
    return f"expected {what}; {path} {state}" + (f"; {hint}" if hint else "")
