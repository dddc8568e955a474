"""Programs that were recorded before, in the user's cache; nothing lies beside weights or images.

A program is one ZIP file without compression, so that it is there as a whole or not at all.
"""

from __future__ import annotations

import io
import logging
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

from srcore.errors import DataError
from srcore.files.atomic import write_bytes
from srcore.files.user_cache import user_cache

logger = logging.getLogger("srcore")

#: So many are kept, those that were used last.
_KEPT = 16


def programs_folder() -> Path:
    """Where programs lie."""
    return user_cache("programs")


def kept_contents(key: str, record: Callable[[], list[bytes]]) -> list[bytes]:
    """The contents of a program's files, from the cache if they are there, else recorded.

    Args:
        key: what only this program is called.
        record: makes them.
    """
    path = programs_folder() / f"{key}.zip"
    contents = _unzipped(path)
    if contents is not None:
        return contents
    contents = record()
    try:
        write_bytes(path, _zipped(contents), durable=False)
        _drop_oldest(path.parent)
    except (OSError, DataError) as error:
        logger.debug("%s: programs are not kept: %s", path.parent, error)
    return contents


def _unzipped(path: Path) -> list[bytes] | None:
    try:
        with zipfile.ZipFile(path) as archive:
            contents = [archive.read(name) for name in sorted(archive.namelist())]
        os.utime(path)
    except (OSError, zipfile.BadZipFile, EOFError, RuntimeError):  # not there, or damaged
        return None
    return contents or None


def _zipped(contents: list[bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for number, content in enumerate(contents):
            archive.writestr(f"{number:03}", content)
    return buffer.getvalue()


def _drop_oldest(folder: Path) -> None:
    paths = sorted(folder.glob("*.zip"), key=lambda path: path.stat().st_mtime)
    for path in paths[:-_KEPT]:
        path.unlink(missing_ok=True)
