"""Which images belong to a data set, and what their headers say.

A command asks for the same several times: when it checks, at the beginning of a stage, and when the
data set is built. Large answers are remembered meanwhile, see
:func:`srcore.scanning.policy.remembered`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from srcore.errors import DataError
from srcore.images import (
    FolderFiles,
    Folders,
    JoinedFiles,
    files_in,
    folders_of,
    image_names,
    in_natural_order,
    packed,
    partners_below,
    unequal,
)
from srcore.scanning.facts import ScannedImages, joined
from srcore.scanning.policy import current_policy, remembered
from srcore.scanning.scan import scan


def image_lists(
    named: Folders, meta_info: Path | None, *, recursive: bool = False
) -> Sequence[FolderFiles]:
    """Images of every folder, see :func:`srcore.images.files_in`.

    Raises:
        DataError: as there.
    """
    return remembered(
        ("files", folders_of(named), meta_info, recursive),
        lambda: files_in(named, meta_info, recursive=recursive),
        lambda files: sum(map(len, files)),
    )


def partner_list(lr_folder: Path, hr: FolderFiles, template: str) -> FolderFiles:
    """The low-resolution images of high-resolution ones, see :func:`srcore.images.pair_by_name`.

    Raises:
        DataError: as there.
    """
    key = ("partners", lr_folder, hr, template)
    return remembered(key, lambda: partners_below(lr_folder, hr, template, names_in=_names_in), len)


def left_over(files: FolderFiles, *, recursive: bool) -> list[str]:
    """Names of the images of a folder that are not among some of its files.

    Raises:
        DataError: the folder cannot be read.
    """
    if files.is_whole and not recursive:
        return []

    def others() -> list[str]:
        names = {*_names_in(files.folder, recursive=recursive)}.difference(files.names)
        return in_natural_order(list(names))

    return remembered(("left over", files, recursive), others, lambda names: len(files))


def _names_in(folder: Path, *, recursive: bool = False) -> Sequence[str]:
    """Names of images in no order: the folder of partners is asked for them twice."""
    return remembered(
        ("names", folder, recursive),
        lambda: packed(image_names(folder, recursive=recursive)),
        len,
    )


def paired_lists(
    hr: Folders, lr: Folders, template: str, meta_info: Path | None, *, recursive: bool = False
) -> tuple[JoinedFiles, JoinedFiles]:
    """Images of the folders ``hr`` and their partners, each in the folder ``lr`` of its number.

    Raises:
        DataError: as :func:`image_lists` and :func:`partner_list`; unequal numbers of folders.
    """
    if complaint := unequal(hr, lr):
        raise DataError(complaint)
    files = image_lists(hr, meta_info, recursive=recursive)
    partners = [
        partner_list(folder, below, template)
        for below, folder in zip(files, folders_of(lr), strict=True)
    ]
    return JoinedFiles(files), JoinedFiles(partners)


def scan_of(lists: Sequence[FolderFiles]) -> ScannedImages:
    """What the headers of the files of several folders say, one folder after another."""
    return joined([_remembered_scan(files) for files in lists])


def _remembered_scan(files: FolderFiles) -> ScannedImages:
    return remembered(
        ("scan", files),
        lambda: scan(files.folder, files.names),
        lambda scanned: len(scanned.sizes),
    )


def scanned_bytes(folder: Path) -> dict[str, int]:
    """How long files of a folder are, by their names, as far as this block has scanned them."""
    known: dict[str, int] = {}
    for (_, files), scanned in current_policy().believed("scan"):
        if files.folder == folder and scanned.file_bytes is not None:
            known.update(zip(files.names, scanned.file_bytes.tolist(), strict=True))
    return known
