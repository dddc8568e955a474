"""Where prepared images may not go."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from srcore.errors import DataError
from srcore.files.occupied import OccupiedError
from srcore.images import some
from srcore.options.spelling import spelled


def refuse_filled(output: Path, *, overwrite: bool) -> None:
    """Refuse a file, and a folder with content that nobody gave up.

    Raises:
        OccupiedError: it is a file, or holds something and ``overwrite`` is False.
    """
    if output.exists() and not output.is_dir():
        raise OccupiedError(f"{output}: is a file; expected a folder to write to")
    if output.is_dir() and not overwrite and any(output.iterdir()):
        way = f"{spelled('overwrite', True)} replaces what has the same names"
        raise OccupiedError(f"{output}: holds files; {way}")


def refuse_collisions(paths: Sequence[Path], targets: Sequence[Path]) -> None:
    """Refuse images of which two would be written to one place.

    Raises:
        DataError: two images have one target; names them.
    """
    first: dict[Path, Path] = {}
    clashes = []
    for path, target in zip(paths, targets, strict=True):
        other = first.setdefault(target, path)
        if other != path:
            clashes.append(f"{other.name} and {path.name}")
    if clashes:
        raise DataError(f"{paths[0].parent}: images that would get the same name: {some(clashes)}")
