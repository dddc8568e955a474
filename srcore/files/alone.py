"""One process at a time makes a file; the others wait for it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows
    fcntl = None  # type: ignore[assignment]  # all make it then, and the last one's stays


@contextlib.contextmanager
def alone(file: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Wait until no other process makes a file, then keep others waiting.

    Args:
        file: what is made.
        on_wait: called before waiting.

    Raises:
        OSError: nothing can be written beside the file.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    lock = file.with_name(f".{file.name}.busy")
    while True:
        stream = lock.open("ab")
        with contextlib.closing(stream):
            _lock(stream.fileno(), on_wait)
            if not is_still(lock, stream.fileno()):  # whoever held it has removed it in between
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


def is_still(file: Path, descriptor: int) -> bool:
    """Whether an open file is there under its name, and was not removed since."""
    try:
        return os.path.samestat(file.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
