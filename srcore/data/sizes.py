"""Sizes of the images that a validation set makes of its files, from their headers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from srcore.errors import DataError
from srcore.images import files_in, folders_of

#: Height and width.
Size = tuple[int, int]


def enlarged_sizes(options: Any, scale: int) -> dict[str, Size]:
    """Size of the super-resolved image by the name of its file.

    Files and folders with faults are left out: others say so. Datasets of plugins, whose files
    are not known here, have none.
    """
    hr, lr = (getattr(options, key, None) for key in ("hr", "lr"))
    named, factor = (hr, 1) if isinstance(hr, (Path, tuple)) else (lr, scale)
    folders = folders_of(named) if isinstance(named, (Path, tuple)) else ()
    if not folders or not all(folder.is_dir() for folder in folders):
        return {}
    try:
        found = _sizes(folders, options)
    except DataError:
        return {}
    return {
        name: (height * factor // scale * scale, width * factor // scale * scale)
        for name, (height, width) in found.items()
    }


def _sizes(folders: tuple[Path, ...], options: Any) -> dict[str, Size]:
    if (folders[0] / "data.mdb").is_file():
        from srcore.sources.lmdb import lmdb_sizes

        return lmdb_sizes(folders[0])
    recursive = bool(getattr(options, "recursive", False))
    files = files_in(folders, getattr(options, "meta_info", None), recursive=recursive)
    paths = [path for below in files for path in below]
    with ThreadPoolExecutor(8) as pool:
        sizes = list(pool.map(_size, paths))
    return {str(path): size for path, size in zip(paths, sizes, strict=True) if size is not None}


def _size(path: Path) -> Size | None:
    from srcore.images import image_size

    try:
        return image_size(path)
    except DataError:
        return None
