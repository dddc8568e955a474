"""Images of one folder or of several that are read as one, such as DIV2K and Flickr2K."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from srcore.errors import DataError
from srcore.images.listing import (
    list_images,
    listed_images,
    pair_by_name,
    read_meta_info,
    some,
)

#: What a key such as ``hr`` names.
Folders = Path | Sequence[Path]


def folders_of(named: Folders) -> tuple[Path, ...]:
    """The folders that a key names, one or several."""
    return (named,) if isinstance(named, Path) else tuple(named)


def folders_complaint(named: Folders) -> str:
    """What is wrong with a list of folders as such, or an empty string."""
    folders = folders_of(named)
    if not folders:
        return "expected a folder or a list of folders, found an empty list"
    number = Counter(os.path.normpath(folder) for folder in folders)
    if twice := [folder for folder, count in number.items() if count > 1]:
        return f"expected every folder once, found {some(twice)} twice"
    return ""


def files_in(
    named: Folders, meta_info: Path | None, *, recursive: bool = False
) -> list[list[Path]]:
    """Images of every folder; those of a list, if there is one, each in the folder that has it.

    Raises:
        DataError: as :func:`listed_images`; images that lie in two of the folders.
    """
    folders = folders_of(named)
    if meta_info is None:
        listed = [list_images(folder, recursive=recursive) for folder in folders]
    elif len(folders) == 1:
        listed = [listed_images(folders[0], meta_info)]
    else:
        listed = _listed_in(folders, meta_info)
    if len(folders) > 1:
        _refuse_twice(file for files in listed for file in files)
    return listed


def pairs_in(
    hr: Folders, lr: Folders, template: str, meta_info: Path | None, *, recursive: bool = False
) -> list[tuple[Path, Path]]:
    """Images of the folders ``hr`` with their partners, each in the folder ``lr`` of its number.

    Raises:
        DataError: as :func:`files_in` and :func:`pair_by_name`; unequal numbers of folders.
    """
    if complaint := unequal(hr, lr):
        raise DataError(complaint)
    files = files_in(hr, meta_info, recursive=recursive)
    return [
        pair
        for paths, *two in zip(files, folders_of(hr), folders_of(lr), strict=True)
        for pair in pair_by_name(paths, two[0], two[1], template)
    ]


def unequal(hr: Folders, lr: Folders) -> str:
    """What is wrong with the numbers of folders, or an empty string."""
    wanted, count = len(folders_of(hr)), len(folders_of(lr))
    if wanted == count:
        return ""
    return f"expected as many folders as hr has ({wanted}), in the same order; found {count}"


def _listed_in(folders: Sequence[Path], meta_info: Path) -> list[list[Path]]:
    files: list[list[Path]] = [[] for _ in folders]
    missing, ambiguous = [], []
    for name in (name.strip().replace("\\", "/") for name in read_meta_info(meta_info)):
        having = [index for index, folder in enumerate(folders) if os.path.isfile(folder / name)]
        if not having:
            missing.append(name)
        elif len(having) > 1:
            ambiguous.append(name)
        else:
            files[having[0]].append(folders[having[0]] / name)
    shown = some(str(folder) for folder in folders)
    if missing:
        raise DataError(f"{shown}: {some(missing)} of {meta_info} not found in any of them")
    if ambiguous:
        raise DataError(
            f"{shown}: {some(ambiguous)} of {meta_info} lie in several of them; "
            'give each folder a list of its own, as data sets of type = "concat"'
        )
    return files


def _refuse_twice(files: Iterable[Path]) -> None:
    number = Counter(os.path.normpath(file) for file in files)
    if twice := [file for file, count in number.items() if count > 1]:
        raise DataError(f"{some(twice)}: in two of the folders; name each folder once")
