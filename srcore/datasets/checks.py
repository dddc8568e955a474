"""What can be known of a dataset before the first iteration: headers are read, pixels are not.

Every function yields (key, message), one pair per fault, for ``problems`` of the options.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import numpy as np

from srcore.capabilities import option_capability
from srcore.data.faults import FaultKind, Faults, in_lines
from srcore.data.lmdb_list import lmdb_sizes
from srcore.errors import DataError
from srcore.images import FolderFiles, JoinedFiles, folders_of, unequal
from srcore.messages import some
from srcore.scanning.facts import ScannedImages, Size
from srcore.scanning.lists import image_lists, left_over, partner_list, scan_of

if TYPE_CHECKING:
    from srcore.datasets.options import (
        CropOptions,
        HrFolderOptions,
        LmdbOptions,
        LrFolderOptions,
        PairedFolderOptions,
        UnpairedFoldersOptions,
    )

Problems = Iterator[tuple[str, str]]


def paired_folders(options: PairedFolderOptions, scale: int) -> Problems:
    """Missing images, missing partners, sizes that do not fit."""
    hr_folders, lr_folders = folders_of(options.hr), folders_of(options.lr)
    if not _exist(*hr_folders, *lr_folders):
        return
    if complaint := unequal(hr_folders, lr_folders):
        yield "lr", complaint
        return
    try:
        files = image_lists(hr_folders, options.meta_info, recursive=options.recursive)
    except DataError as error:
        yield "hr", str(error)
        return
    partners = []
    for hr_files, lr_folder in zip(files, lr_folders, strict=True):
        try:
            lr_files = partner_list(lr_folder, hr_files, options.lr_name)
        except DataError as error:
            yield "lr", str(error)
            continue
        if options.meta_info is None:
            yield from _without_truth(hr_files, lr_files, recursive=options.recursive)
        partners.append(lr_files)
    if len(partners) < len(files):
        return
    hr, lr = (_Images(JoinedFiles(it), scan_of(it)) for it in (files, partners))
    faults = [
        *_pair_faults(hr, lr, scale),
        _below_the_crop(options, "hr", hr, options.hr_patch_size or 1),
    ]
    yield from in_lines(faults, min(hr.scan.asked, lr.scan.asked))


def folder(
    options: HrFolderOptions | LrFolderOptions | UnpairedFoldersOptions, key: str, smallest: int
) -> Problems:
    """No images under ``key``, unreadable ones, or ones with a side below ``smallest``."""
    folders = folders_of(getattr(options, key))
    if not _exist(*folders):
        return
    meta_info = option_capability(options, "meta_info")
    try:
        files = image_lists(folders, meta_info, recursive=options.recursive)
    except DataError as error:
        yield key, str(error)
        return
    images = _Images(JoinedFiles(files), scan_of(files))
    faults = _with_faults(key, images), _below_the_crop(options, key, images, smallest)
    yield from in_lines(faults, images.scan.asked)


def lmdb_folders(options: LmdbOptions, scale: int) -> Problems:
    """Not LMDB folders, or key lists that differ; sizes are those of the lists."""
    if not options.hr.is_dir() or not (options.lr is None or options.lr.is_dir()):
        return
    hr, lr = _listed_sizes(options.hr), _listed_sizes(options.lr)
    if isinstance(lr, str):
        yield "lr", lr
    if isinstance(hr, str):
        yield "hr", hr
        return
    if isinstance(lr, dict) and options.lr is not None:
        if missing := [key for key in hr if key not in lr]:
            yield "lr", f"{options.lr}: no partner for {len(missing)} images: {some(missing)}"
        if missing := [key for key in lr if key not in hr]:
            yield "hr", f"{options.hr}: no partner for {len(missing)} images: {some(missing)}"
        keys = [key for key in hr if key in lr]
        pair = _in_lmdb(options.hr, keys, hr), _in_lmdb(options.lr, keys, lr)
        yield from in_lines(_pair_faults(*pair, scale), len(keys))
    images = _in_lmdb(options.hr, list(hr), hr)
    yield from in_lines(
        [_below_the_crop(options, "hr", images, options.hr_patch_size or 1)], len(hr)
    )


def _in_lmdb(folder: Path, keys: Sequence[str], sizes: Mapping[str, Size]) -> _Images:
    listed = np.array([sizes[key] for key in keys], np.int32).reshape(-1, 2)
    return _Images([f"{folder}: {key}" for key in keys], ScannedImages(listed, {}, len(keys)))


def _listed_sizes(path: Path | None) -> dict[str, Size] | str:
    try:
        return {} if path is None else lmdb_sizes(path)
    except DataError as error:
        return str(error)


def is_pair(hr: Size, lr: Size, scale: int) -> bool:
    """Whether ``lr`` belongs to ``hr`` cut to a multiple of the scale."""
    return (hr[0] // scale, hr[1] // scale) == tuple(lr)


def size_misfit(hr: Size, lr: Size, scale: int) -> str:
    """What is wrong with the sizes of a pair, and what would be right."""
    return (
        f"{lr[1]}x{lr[0]} pixels (width x height) for {hr[1]}x{hr[0]}; "
        f"expected {hr[1] // scale}x{hr[0] // scale} at scale {scale}"
    )


def _exist(*folders: Path) -> bool:
    """Whether keys name folders that are there; others are said already."""
    return all(folder.is_dir() for folder in folders)


def _without_truth(hr: FolderFiles, lr: FolderFiles, *, recursive: bool) -> Problems:
    names = left_over(lr, recursive=recursive)
    if names:
        yield "hr", f"{hr.folder}: no partner for {len(names)} images of {lr.folder}: {some(names)}"


@attrs.frozen(eq=False)
class _Images:
    """A list of images with what is known of them: paths or other names, by number."""

    names: Sequence[Path] | Sequence[str]
    scan: ScannedImages


def _pair_faults(hr: _Images, lr: _Images, scale: int) -> Iterator[Faults]:
    yield _with_faults("hr", hr)
    yield _with_faults("lr", lr)
    kind = FaultKind(
        f"pairs do not fit scale {scale}",
        "each low-resolution side is the high-resolution one divided by scale",
        partial(_what_misfits_share, scale=scale),
    )
    is_misfit = (hr.scan.sizes // scale != lr.scan.sizes).any(axis=1)
    both_known = hr.scan.known() & lr.scan.known()

    def sizes(number: int) -> tuple[Size, Size]:
        return hr.scan.size(number), lr.scan.size(number)

    def short(number: int) -> str:
        (height, width), (lr_height, lr_width) = sizes(number)
        return f"{lr.names[number]} ({lr_width}x{lr_height} for {width}x{height})"

    def message(number: int) -> str:
        return f"{lr.names[number]}: {size_misfit(*sizes(number), scale)}"

    yield Faults("lr", kind, np.flatnonzero(is_misfit & both_known).tolist(), message, short, sizes)


def _what_misfits_share(pairs: Sequence[tuple[Size, Size]], scale: int) -> str:
    """The mistake behind pairs none of which fits; empty if there is no single one."""
    if all(is_pair(lr, hr, scale) for hr, lr in pairs):
        return "HR and LR look swapped: exchange the folders hr and lr"
    ratios = {
        round(big / small) if small and abs(big / small - round(big / small)) * small < 1 else 0
        for hr, lr in pairs
        for big, small in zip(hr, lr, strict=True)
    }
    if len(ratios) == 1 and (ratio := ratios.pop()) > 0:
        return (
            f"LR is x{scale / ratio:g} of what scale {scale} expects: name its folder of scale "
            f"{scale}, or set scale = {ratio}"
        )
    return ""


_UNREADABLE = FaultKind(
    "images cannot be read", 'leave them out, or set data.train.on_bad_image = "skip"'
)


def _with_faults(key: str, images: _Images) -> Faults:
    faults = images.scan.faults
    return Faults(key, _UNREADABLE, sorted(faults), faults.__getitem__, faults.__getitem__)


def _below_the_crop(
    options: CropOptions | LrFolderOptions, key: str, images: _Images, smallest: int
) -> Faults:
    own = option_capability(options, "hr_patch_size")
    if own is not None and option_capability(options, "min_size") == "pad":
        smallest = 1
    what = "the crop" if own is not None else "one low-resolution pixel"
    kind = FaultKind(
        f"images are smaller than {what} of {smallest}x{smallest}",
        'leave them out, crop less, continue them with min_size = "pad", or set '
        'data.train.on_bad_image = "skip"'
        if own is not None
        else "leave them out",
    )

    def message(number: int) -> str:
        height, width = images.scan.size(number)
        text = f"{images.names[number]}: {width}x{height} pixels (width x height), smaller than "
        return text + f"{what} of {smallest}x{smallest}; leave it out or crop less"

    def short(number: int) -> str:
        height, width = images.scan.size(number)
        return f"{images.names[number]} ({width}x{height})"

    is_small = images.scan.known() & (images.scan.sizes.min(axis=1) < smallest)
    return Faults(key, kind, np.flatnonzero(is_small).tolist(), message, short)
