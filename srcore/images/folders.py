"""Images of one folder or of several that are read as one, such as DIV2K and Flickr2K."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from srcore.errors import DataError
from srcore.images.folder_files import FolderFiles, JoinedFiles
from srcore.images.listing import images_below, listed_images, read_meta_info
from srcore.messages import some

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
) -> list[FolderFiles]:
    """Images of every folder; those of a list, if there is one, each in the folder that has it.

    Raises:
        DataError: as :func:`listed_images`; images that lie in two of the folders.
    """
    folders = folders_of(named)
    if meta_info is None:
        listed = [images_below(folder, recursive=recursive) for folder in folders]
    elif len(folders) == 1:
        listed = [listed_images(folders[0], meta_info)]
    else:
        listed = _listed_in(folders, meta_info)
    if len(folders) > 1:
        _refuse_twice(JoinedFiles(listed).texts())
    return listed


def unequal(hr: Folders, lr: Folders) -> str:
    """What is wrong with the numbers of folders, or an empty string."""
    wanted, count = len(folders_of(hr)), len(folders_of(lr))
    if wanted == count:
        return ""
    return f"expected as many folders as hr has ({wanted}), in the same order; found {count}"


def _listed_in(folders: Sequence[Path], meta_info: Path) -> list[FolderFiles]:
    names: list[list[str]] = [[] for _ in folders]
    missing, ambiguous = [], []
    for name in (name.strip().replace("\\", "/") for name in read_meta_info(meta_info)):
        having = [index for index, folder in enumerate(folders) if os.path.isfile(folder / name)]
        if not having:
            missing.append(name)
        elif len(having) > 1:
            ambiguous.append(name)
        else:
            names[having[0]].append(name)
    shown = some(str(folder) for folder in folders)
    if missing:
        raise DataError(f"{shown}: {some(missing)} of {meta_info} not found in any of them")
    if ambiguous:
        raise DataError(
            f"{shown}: {some(ambiguous)} of {meta_info} lie in several of them; "
            'give each folder a list of its own, as data sets of type = "concat"'
        )
    return [FolderFiles(folder, listed) for folder, listed in zip(folders, names, strict=True)]


def _refuse_twice(files: Iterable[str]) -> None:
    number = Counter(os.path.normpath(file) for file in files)
    if twice := [file for file, count in number.items() if count > 1]:
        raise DataError(f"{some(twice)}: in two of the folders; name each folder once")
