"""Source ``lmdb``: encoded images of an LMDB folder (needs the package lmdb).

Layout, as BasicSR writes it: a folder ``x.lmdb`` with ``data.mdb``, ``lock.mdb`` and
``meta_info.txt``, whose lines are ``name.png (h,w,c) compression``. A key is the name without its
suffix, a value the content of an image file. High- and low-resolution folders have the same keys.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from srcore.data.lmdb_list import lmdb_sizes
from srcore.errors import DataError, MissingExtraError
from srcore.messages import some
from srcore.sources.source import EncodedSource, ImageSource


def import_lmdb() -> Any:
    """The package, or an error that says how to install it.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import lmdb
    except ImportError as error:
        raise MissingExtraError("reading and writing LMDB", "lmdb") from error
    return lmdb


def encoded_key(key: str) -> bytes:
    """What a key is stored as: UTF-8, or the bytes of a file name that is none."""
    return key.encode("utf-8", "surrogateescape")


class LmdbSource(EncodedSource):
    """Images of an LMDB folder, by key, in the order of its list.

    Args:
        folder: ``*.lmdb``.
        keys: which images; None: all of the list.

    Raises:
        DataError: not an LMDB folder, or keys that it does not list.
    """

    def __init__(self, folder: Path, keys: list[str] | None = None) -> None:
        self._folder = folder
        listed = lmdb_sizes(folder)
        self.keys = list(listed) if keys is None else keys
        if missing := [key for key in self.keys if key not in listed]:
            raise DataError(f"{folder}: no partner for {len(missing)} images: {some(missing)}")
        import_lmdb()

    def __len__(self) -> int:
        return len(self.keys)

    def name(self, index: int) -> str:
        """The key."""
        return self.keys[index]

    def where(self, index: int) -> str:
        """Folder and key."""
        return f"{self._folder}: {self.keys[index]}"

    def content(self, index: int) -> bytes:
        """Content of the image file."""
        with _environment(self._folder).begin(write=False) as transaction:
            content: bytes | None = transaction.get(encoded_key(self.keys[index]))
        if content is None:
            raise DataError(f"{self.where(index)}: listed in meta_info.txt but not stored")
        return content


# Open folders: LMDB allows one environment per folder and process, and none across a fork.
_open: dict[Path, tuple[int, Any]] = {}


def _environment(folder: Path) -> Any:
    process, environment = _open.get(folder, (0, None))
    if process == os.getpid():
        return environment
    if environment is not None:  # inherited from the process that forked this one
        environment.close()
    lmdb = import_lmdb()
    try:
        environment = lmdb.open(
            str(folder), readonly=True, lock=False, readahead=False, meminit=False
        )
    except lmdb.Error as error:
        raise DataError(f"{folder}: cannot be opened as LMDB: {error}") from error
    _open[folder] = os.getpid(), environment
    return environment


def lmdb_source(*, path: Path) -> ImageSource:
    """Source ``lmdb``: see :class:`srcore.sources.options.LmdbSourceOptions`.

    >>> import pathlib, tempfile, srcore.testing
    >>> from srcore.prepare.lmdb import prepare_lmdb
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = srcore.testing.write_tiny_images(folder / "hr", 2)
    >>> _ = prepare_lmdb(folder / "hr", folder / "hr.lmdb")
    >>> source = lmdb_source(path=folder / "hr.lmdb")
    >>> len(source), source.name(0), source.read(0).shape
    (2, '00', (48, 48, 3))
    """
    return LmdbSource(path)
