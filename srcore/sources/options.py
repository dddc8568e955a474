"""Options of the sources; nothing here imports torch or opens a container."""

from __future__ import annotations

from pathlib import Path

import attrs

from srcore.images import folders_complaint
from srcore.messages import shown
from srcore.options import option


def _field_complaint(field: str) -> str:
    if "/" in field or field != field.strip("."):
        return f'expected what stands between name and suffix, such as "hr", found {shown(field)}'
    return ""


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


@attrs.frozen(kw_only=True)
class TarSourceOptions:
    """Images of uncompressed tar shards (``*.tar``) in the layout of WebDataset.

    Where images lie says an index beside each shard, which is made when it is missing. The order of
    an epoch keeps to few shards at a time: shards are shuffled, then the images of ``window``
    shards each, together; ``sampler = { type = "shuffled" }`` shuffles all images.
    """

    path: Path | tuple[Path, ...] = option(
        help="folder of shards, or a list of folders", path="folder", check=folders_complaint
    )
    field: str = option(
        "",
        "which image of a sample: what stands between its name and suffix, as hr in 0001.hr.png; "
        "empty: 0001.png",
        check=_field_complaint,
    )
    window: int = option(8, "shards whose images are shuffled together", ge=1)
