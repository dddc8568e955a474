"""Where prepared images may not go."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from srcore.errors import DataError
from srcore.images import some


def refuse_existing(output: Path, *, overwrite: bool) -> None:
    """Raise DataError for a file, and for a folder with content that nobody gave up."""
    if output.exists() and not output.is_dir():
        raise DataError(f"{output}: is a file; expected a folder to write to")
    if output.is_dir() and not overwrite and any(output.iterdir()):
        raise DataError(f"{output}: not empty; use another folder or --overwrite")


def refuse_collisions(paths: Sequence[Path], targets: Sequence[Path]) -> None:
    """Raise DataError if two images would be written to one place."""
    first: dict[Path, Path] = {}
    clashes = []
    for path, target in zip(paths, targets, strict=True):
        other = first.setdefault(target, path)
        if other != path:
            clashes.append(f"{other.name} and {path.name}")
    if clashes:
        raise DataError(f"{paths[0].parent}: images that would get the same name: {some(clashes)}")
