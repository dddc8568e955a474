"""Options of the sources; nothing here imports torch or opens a container."""

from __future__ import annotations

from pathlib import Path

import attrs

from srcore.images import folders_complaint
from srcore.options import option


@attrs.frozen(kw_only=True)
class FolderSourceOptions:
    """Image files of a folder."""

    path: Path | tuple[Path, ...] = option(
        help="the folder, or a list of folders", path="folder", check=folders_complaint
    )
    meta_info: Path | None = option(
        None, "list of names, one per line; none: all images", path="file"
    )
    recursive: bool = option(False, "also take images of folders below")


@attrs.frozen(kw_only=True)
class LmdbSourceOptions:
    """Encoded images of an LMDB folder, as ``srcore prepare lmdb`` writes it (package lmdb)."""

    path: Path = option(help="folder *.lmdb", path="folder")
