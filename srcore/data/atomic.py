"""Writing files so that a reader never sees half of one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from srcore.errors import DataError


def write_bytes(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Write a file by a temporary neighbour and a rename.

    Args:
        path: the file; its folder is made if needed.
        content: all of it.
        durable: wait until the disk holds it. Worth it for results, not for thousands of files
            that can be made again.

    Raises:
        DataError: the folder is read-only, the disk is full, ...
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        # mkstemp makes private files; results should have the permissions of ordinary ones.
        Path(temporary).chmod(0o666 & ~_umask())
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        raise DataError(f"{path}: cannot be written: {error.strerror or error}") from error
    except BaseException:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        raise


def _umask() -> int:
    # There is no way to read the mask other than setting it.
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
