"""Writing files so that a reader never sees half of one."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from srcore.errors import DataError


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
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        if durable:
            with temporary.open("rb") as stream:
                os.fsync(stream.fileno())
        # mkstemp makes private files; results should have the permissions of ordinary ones.
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    # There is no way to read the mask other than setting it.
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


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
