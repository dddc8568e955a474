"""Options of the sources; nothing here imports torch or opens a container."""

from __future__ import annotations

from pathlib import Path

import attrs

from srcore.images import folders_complaint
from srcore.messages import shown
from srcore.options import option
from srcore.options.declaration import InvalidOptionError
from srcore.options.shared_keys import listed_names, recursive_search


def _field_complaint(field: str) -> str:
    if "/" in field or field != field.strip("."):
        return f'expected what stands between name and suffix, such as "hr", found {shown(field)}'
    return ""


def _url_complaint(url: str | tuple[str, ...] | None) -> str:
    urls = (url,) if isinstance(url, str) else url
    if urls == ():
        return "expected an address or a list of addresses, found an empty list"
    for one in urls or ():
        if "://" not in one or "::" in one:
            return f"expected an address such as s3://bucket/shards, found {shown(one)}"
    return ""


@attrs.frozen(kw_only=True)
class FolderSourceOptions:
    """Image files of a folder."""

    path: Path | tuple[Path, ...] = option(
        help="the folder, or a list of folders", path="folder", check=folders_complaint
    )
    meta_info: Path | None = listed_names()
    recursive: bool = recursive_search()


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

    path: Path | tuple[Path, ...] | None = option(
        None,
        "folder of shards, or a list of folders",
        path="folder",
        check=lambda path: "" if path is None else folders_complaint(path),
    )
    url: str | tuple[str, ...] | None = option(
        None,
        "in place of path: address of a folder of shards, or several, as s3://bucket/shards or "
        "https://host/shard-{000000..000123}.tar (package fsspec)",
        check=_url_complaint,
    )
    field: str = option(
        "",
        "which image of a sample: what stands between its name and suffix, as hr in 0001.hr.png; "
        "empty: 0001.png",
        check=_field_complaint,
    )
    window: int = option(8, "shards whose images are shuffled together", ge=1)
    cache_folder: Path | None = option(
        None,
        "of url: where what was read is kept; none: srcore/remote in the user's cache folder",
        may_change=True,
    )
    cache_size: float = option(
        50.0,
        "of url: most that is kept, GB; what was not used for longest goes",
        gt=0,
        may_change=True,
    )

    def __attrs_post_init__(self) -> None:
        """Shards are here or elsewhere."""
        if (self.path is None) == (self.url is None):
            given = "both" if self.path is not None else "neither"
            raise InvalidOptionError("path", f"expected path or url, found {given}")


@attrs.frozen(kw_only=True)
class ParquetSourceOptions:
    """Encoded images of Parquet files, as data sets of Hugging Face have them (package pyarrow).

    A column holds image files, ``{bytes, path}`` or bytes alone. Files are read in their groups of
    rows; the order of an epoch shuffles groups, then the images of ``window`` groups each,
    together, and each process keeps as many groups in memory.
    """

    path: Path | tuple[Path, ...] = option(
        help="folder of files, or a list of folders", path="folder", check=folders_complaint
    )
    files: str = option("*.parquet", "names of the files, * standing for anything: train-*.parquet")
    column: str = option("image", "column of the images")
    window: int = option(4, "groups of rows whose images are shuffled together", ge=1)
