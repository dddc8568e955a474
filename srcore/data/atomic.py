"""Writing the content of a file at once, with failures as one line."""

from __future__ import annotations

from pathlib import Path

from srcore.atomic import writing
from srcore.errors import DataError


def write_bytes(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Write a file; a reader sees the old content or the new one, never a part.

    Args:
        path: the file; its folder is made if needed.
        content: all of it.
        durable: see :func:`srcore.atomic.writing`.

    Raises:
        DataError: the folder is read-only, the disk is full, ...
    """
    try:
        with writing(path, durable=durable) as temporary:
            temporary.write_bytes(content)
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror or error}") from error
