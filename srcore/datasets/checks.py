"""What can be known of a dataset before the first iteration: headers are read, pixels are not.

Every function yields (key, message), one pair per fault, for ``problems`` of the options.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from srcore.capabilities import option_capability
from srcore.data.faults import Fault, FaultKind, in_lines
from srcore.errors import DataError
from srcore.images import (
    files_in,
    folders_of,
    list_images,
    pair_by_name,
    some,
    unequal,
)
from srcore.sources.lmdb_list import lmdb_sizes

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
#: Height and width.
Size = tuple[int, int]


def paired_folders(options: PairedFolderOptions, scale: int) -> Problems:
    """Missing images, missing partners, sizes that do not fit."""
    hr_folders, lr_folders = folders_of(options.hr), folders_of(options.lr)
    if not _exist(*hr_folders, *lr_folders):
        return
    if complaint := unequal(hr_folders, lr_folders):
        yield "lr", complaint
        return
    try:
        files = files_in(hr_folders, options.meta_info, recursive=options.recursive)
    except DataError as error:
        yield "hr", str(error)
        return
    pairs: list[tuple[Path, Path]] = []
    is_complete = True
    for paths, hr_folder, lr_folder in zip(files, hr_folders, lr_folders, strict=True):
        try:
            partners = pair_by_name(paths, hr_folder, lr_folder, options.lr_name)
        except DataError as error:
            yield "lr", str(error)
            is_complete = False
            continue
        if options.meta_info is None:
            yield from _without_truth(lr_folder, hr_folder, {lr for _, lr in partners}, options)
        pairs += partners
    if not is_complete:
        return
    hr_sizes = _sizes_or_faults(hr for hr, _ in pairs)
    lr_sizes = _sizes_or_faults(lr for _, lr in pairs)
    names = [(str(hr), str(lr)) for hr, lr in pairs]
    faults = [
        *_size_faults(names, hr_sizes, lr_sizes, scale),
        *_small(options, "hr", [hr for hr, _ in names], hr_sizes, options.hr_patch_size or 1),
    ]
    yield from in_lines(faults, len(pairs))


def folder(
    options: HrFolderOptions | LrFolderOptions | UnpairedFoldersOptions, key: str, smallest: int
) -> Problems:
    """No images under ``key``, unreadable ones, or ones with a side below ``smallest``."""
    folders = folders_of(getattr(options, key))
    if not _exist(*folders):
        return
    meta_info = option_capability(options, "meta_info")
    try:
        files = files_in(folders, meta_info, recursive=options.recursive)
    except DataError as error:
        yield key, str(error)
        return
    paths = [path for below in files for path in below]
    sizes = _sizes_or_faults(paths)
    faults = [
        *(_fault_of_reading(key, size) for size in sizes if isinstance(size, str)),
        *_small(options, key, [str(path) for path in paths], sizes, smallest),
    ]
    yield from in_lines(faults, len(paths))


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
        names = [(f"{options.hr}: {key}", f"{options.lr}: {key}") for key in keys]
        sizes = [hr[key] for key in keys], [lr[key] for key in keys]
        yield from in_lines(_size_faults(names, *sizes, scale), len(keys))
    names_of_hr = [f"{options.hr}: {key}" for key in hr]
    small = _small(options, "hr", names_of_hr, list(hr.values()), options.hr_patch_size or 1)
    yield from in_lines(small, len(hr))


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


def _without_truth(lr: Path, hr: Path, used: set[Path], options: PairedFolderOptions) -> Problems:
    left = [
        path.relative_to(lr).as_posix()
        for path in list_images(lr, recursive=options.recursive)
        if path not in used
    ]
    if left:
        yield "hr", f"{hr}: no partner for {len(left)} images of {lr}: {some(left)}"


def _size_faults(
    names: Sequence[tuple[str, str]],
    hr_sizes: Sequence[Size | str],
    lr_sizes: Sequence[Size | str],
    scale: int,
) -> Iterator[Fault]:
    kind = FaultKind(
        f"pairs do not fit scale {scale}",
        "each low-resolution side is the high-resolution one divided by scale",
        partial(_what_misfits_share, scale=scale),
    )
    for (_, lr_name), hr, lr in zip(names, hr_sizes, lr_sizes, strict=True):
        if isinstance(hr, str):
            yield _fault_of_reading("hr", hr)
        if isinstance(lr, str):
            yield _fault_of_reading("lr", lr)
        if not isinstance(hr, str) and not isinstance(lr, str) and not is_pair(hr, lr, scale):
            short = f"{lr_name} ({lr[1]}x{lr[0]} for {hr[1]}x{hr[0]})"
            yield Fault("lr", kind, f"{lr_name}: {size_misfit(hr, lr, scale)}", short, (hr, lr))


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


def _fault_of_reading(key: str, message: str) -> Fault:
    return Fault(key, _UNREADABLE, message, message)


def _small(
    options: CropOptions | LrFolderOptions,
    key: str,
    names: Sequence[str],
    sizes: Sequence[Size | str],
    smallest: int,
) -> Iterator[Fault]:
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
    for name, size in zip(names, sizes, strict=True):
        if not isinstance(size, str) and min(size) < smallest:
            message = f"{name}: {size[1]}x{size[0]} pixels (width x height), smaller than "
            message += f"{what} of {smallest}x{smallest}; leave it out or crop less"
            yield Fault(key, kind, message, f"{name} ({size[1]}x{size[0]})")


def _sizes_or_faults(paths: Iterable[Path]) -> list[Size | str]:
    """Height and width of every file, or what is wrong with it."""
    # Threads wait together where a disk or network is slow.
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(_size_or_fault, paths))


def _size_or_fault(path: Path) -> Size | str:
    # Pillow and OpenCV are imported when there is something to read.
    from srcore.images import image_size

    try:
        return image_size(path)
    except DataError as error:
        return str(error)
