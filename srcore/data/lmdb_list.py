"""What an LMDB folder of images holds, by its list: neither lmdb nor an image is read."""

from __future__ import annotations

import re
from pathlib import Path

from srcore.errors import DataError
from srcore.images import read_list
from srcore.messages import shown


def lmdb_sizes(path: Path) -> dict[str, tuple[int, int]]:
    """Keys and sizes of an LMDB folder by its ``meta_info.txt``.

    Raises:
        DataError: no such list, or lines that are not ``name (h,w,c) ...``.
    """
    meta_info = path / "meta_info.txt"
    if not meta_info.is_file() or not (path / "data.mdb").is_file():
        raise DataError(
            f"{path}: expected an LMDB folder with data.mdb and meta_info.txt; "
            "make one with srcore prepare lmdb"
        )
    sizes = {}
    for line in read_list(meta_info):
        if line.size is None:
            raise DataError(f"{meta_info}: expected lines name (h,w,c), found {shown(line.name)}")
        # Keys go without the suffix of image files, but may hold other dots.
        sizes[re.sub(r"\.\w{3,4}$", "", line.name)] = line.size
    return sizes
