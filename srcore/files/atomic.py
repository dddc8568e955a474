"""Writing files so that a reader never sees half of one."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

from srcore.errors import DataError

_LONGEST_SUFFIX = 16
_TEMPORARY = re.compile(r"\.srcore-[0-9a-f]{12}(\..*)?")


def temporary_neighbour(path: Path) -> Path:
    """A hidden name beside ``path`` that no file has.

    It is short whatever the length of ``path``'s name, which may be all that the file system takes.
    """
    suffix = path.suffix if len(path.suffix) <= _LONGEST_SUFFIX else ""
    return path.with_name(f".srcore-{secrets.token_hex(6)}{suffix}")


def is_temporary(path: Path) -> bool:
    """Whether a file was being written by :func:`writing`; after a kill it is worth nothing."""
    return _TEMPORARY.fullmatch(path.name) is not None


@contextlib.contextmanager
def writing(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """Yield a temporary neighbour of ``path`` to write; rename it when the block succeeds.

    After a failure the file that was there before is intact and the temporary one is gone.

    Args:
        path: the file; its folder is made if needed.
        durable: wait until the disk holds the content. Worth it for results, not for thousands of
            files that can be made again.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Named here and not by tempfile.mkstemp: an interrupt between its return and the try below
    # would leave the file behind.
    temporary = temporary_neighbour(path)
    try:
        temporary.open("xb").close()
        yield temporary
        if durable:
            with temporary.open("rb") as stream:
                os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Write a file as :func:`writing` does.

    Raises:
        DataError: the folder is read-only, the disk is full, ...
    """
    try:
        with writing(path, durable=durable) as temporary:
            temporary.write_bytes(content)
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror or error}") from error
