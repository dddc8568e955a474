"""The user's cache of models: where files lie, and that they are what they were.

A file is compared with its SHA-256 whenever it is used, once per process. What is being fetched has
a hidden name; a lock keeps two processes from fetching the same.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from srcore.errors import DataError
from srcore.files.hashing import sha256_of
from srcore.files.user_cache import user_cache

#: Names a folder in the place of the usual one.
VARIABLE = "SRCORE_MODELS"


def cache_folder() -> Path:
    """``SRCORE_MODELS``, or ``srcore/models`` in the user's cache."""
    chosen = os.environ.get(VARIABLE)
    return Path(chosen).expanduser() if chosen else user_cache("models")


def hash_fault(file: Path, sha256: str) -> str:
    """What is wrong with a file in the cache; empty if its content is that of the hash.

    Raises:
        DataError: it cannot be read.
    """
    try:
        about = file.stat()
        actual = _sha256(file, about.st_size, about.st_mtime_ns)
    except FileNotFoundError:
        return "is not in the cache"
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {error.strerror}") from error
    if actual != sha256:
        return f"is damaged in the cache: {file} has SHA-256 {actual[:12]}..., not {sha256[:12]}..."
    return ""


@cache
def _sha256(file: Path, size: int, changed: int) -> str:
    return sha256_of(file)
