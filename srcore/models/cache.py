"""The user's cache of models: where files lie, and that they are what they were.

A file is compared with its SHA-256 whenever it is used, once per process. What is being fetched has
a hidden name; a lock keeps two processes from fetching the same.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from srcore.errors import DataError
from srcore.files.hashing import sha256_of

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows
    fcntl = None  # type: ignore[assignment]  # both fetch then, and the last one's file stays

#: Names a folder in the place of the usual one.
VARIABLE = "SRCORE_MODELS"


def cache_folder() -> Path:
    """``SRCORE_MODELS``, or ``srcore/models`` in the user's cache."""
    chosen = os.environ.get(VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "srcore" / "models"


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


@contextlib.contextmanager
def alone(file: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Wait until no other process fetches a file, then keep others waiting.

    Args:
        file: what is fetched.
        on_wait: called before waiting.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    lock = file.with_name(f".{file.name}.fetching")
    while True:
        stream = lock.open("ab")
        with contextlib.closing(stream):
            _lock(stream.fileno(), on_wait)
            if not _is_still(lock, stream.fileno()):  # whoever held it has removed it in between
                continue
            try:
                yield
            finally:
                lock.unlink(missing_ok=True)
            return


def _lock(descriptor: int, on_wait: Callable[[], None]) -> None:
    if fcntl is None:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        on_wait()
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError:  # no locks on this file system: the last one's file stays
        return


def _is_still(lock: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(lock.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
