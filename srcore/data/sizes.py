"""Sizes of the images that a validation set makes of its files, from their headers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from srcore.errors import DataError
from srcore.images import listed_images

#: Height and width.
Size = tuple[int, int]


def enlarged_sizes(options: Any, scale: int) -> dict[str, Size]:
    """Size of the super-resolved image by the name of its file.

    Files and folders with faults are left out: others say so. Datasets of plugins, whose files
    are not known here, have none.
    """
    hr, lr = (getattr(options, key, None) for key in ("hr", "lr"))
    folder, factor = (hr, 1) if isinstance(hr, Path) else (lr, scale)
    if not isinstance(folder, Path) or not folder.is_dir():
        return {}
    try:
        found = _sizes(folder, options)
    except DataError:
        return {}
    return {
        name: (height * factor // scale * scale, width * factor // scale * scale)
        for name, (height, width) in found.items()
    }


def _sizes(folder: Path, options: Any) -> dict[str, Size]:
    if (folder / "data.mdb").is_file():
        from srcore.data.checks import lmdb_sizes

        return lmdb_sizes(folder)
    recursive = bool(getattr(options, "recursive", False))
    paths = listed_images(folder, getattr(options, "meta_info", None), recursive=recursive)
    with ThreadPoolExecutor(8) as pool:
        sizes = list(pool.map(_size, paths))
    return {str(path): size for path, size in zip(paths, sizes, strict=True) if size is not None}


def _size(path: Path) -> Size | None:
    from srcore.images import image_size

    try:
        return image_size(path)
    except DataError:
        return None
