"""Where prepared images may not go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from srcore.errors import DataError
from srcore.files.occupied import OccupiedError
from srcore.files.replacing import ReplacedInputError, file_key
from srcore.images import FolderSet, searched_above
from srcore.messages import some
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


def refuse_writing_among(
    source: Path, inputs: Iterable[Path], outputs: Iterable[Path], *, recursive: bool = False
) -> None:
    """Refuse outputs in folders that inputs are read from: the next job would read them too.

    An input that is a link is read from where it leads.

    Args:
        source: the folder that was named.
        inputs: files found in it.
        outputs: files to be written.
        recursive: whether folders below ``source`` are read.

    Raises:
        ReplacedInputError: names the folder.
    """
    files = {path.resolve() if path.is_symlink() else path for path in inputs}
    read = {file_key(folder) for folder in {source, *(path.parent for path in files)}}
    written = list(dict.fromkeys(path.parent for path in outputs))
    among = {folder: "images are read from it" for folder in written if file_key(folder) in read}
    above = searched_above(FolderSet(written), source) if recursive else None
    if above is not None:
        among |= {it: f"lies in {above}" for it in written if FolderSet([it]).lies_in(above)}
    if among:
        folder, where = next(iter(among.items()))
        raise ReplacedInputError(f"{folder}: {where}; name a folder of its own for what is written")
