"""The folder of a server's pictures: readable by its user only, and gone with it."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from srcore.errors import DataError
from srcore.files.atomic import leftovers, temporary_neighbor

_SUFFIX = ".serve"


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """A new folder among the temporary files; what killed servers left there goes, too.

    Raises:
        DataError: there is no place for it.
    """
    base = Path(tempfile.gettempdir())
    for left in leftovers(base):
        if left.suffix == _SUFFIX:
            shutil.rmtree(left, ignore_errors=True)  # of others: the system refuses it
    folder = temporary_neighbor(base / f"pictures{_SUFFIX}")
    try:
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise DataError(f"{base}: cannot be written: {error.strerror}") from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
