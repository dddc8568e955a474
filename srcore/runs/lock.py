"""One process at a time works on the folder of a run."""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import socket
from collections.abc import Iterator
from datetime import datetime, timezone
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from srcore.errors import SrcoreError
from srcore.files.alone import is_still
from srcore.machine.processes import is_gone
from srcore.runs.folder import RunFolder

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows
    fcntl = None  # type: ignore[assignment]  # there are no such locks

_UNSUPPORTED = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)

#: Folders that this process works on: the system's locks do not part a process from itself.
_held: set[Path] = set()

logger = logging.getLogger("srcore")


@contextlib.contextmanager
def locked(
    folder: Path, *, otherwise: str = "choose another name with --set name=..."
) -> Iterator[None]:
    """Hold the lock of a folder, which is made if needed; the file goes with the lock.

    The system drops the lock of a process that ends in whatever way; its file then only tells whom
    the lock is taken over from. Record locks are used since they also hold between hosts (NFS) and
    are not inherited by the processes that read images, which may outlive a killed run by seconds.

    Args:
        folder: of a run, or of anything else that one process works on.
        otherwise: what to do instead of waiting, for the message.

    Raises:
        SrcoreError: another process holds it, or the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        place = folder.resolve()
        if place in _held:
            raise _in_use(folder, _this_process(), otherwise)
        stream = _take(folder, otherwise)
    except OSError as error:
        raise SrcoreError(f"{folder}: cannot be written: {error.strerror}") from None
    _held.add(place)
    try:
        yield
    finally:
        _held.discard(place)
        RunFolder(folder).lock.unlink(missing_ok=True)
        stream.close()


def _take(folder: Path, otherwise: str) -> TextIOWrapper:
    file = RunFolder(folder).lock
    while True:
        stream = file.open("a+", encoding="utf-8")
        is_free = _lock(stream)
        stream.seek(0)
        owner = _read_owner(stream)
        if is_free is None:  # no locks here: what the file says must do
            is_free = not owner or _owner_is_gone(owner)
        if not is_free:
            stream.close()
            raise _in_use(folder, owner, otherwise, file)
        if is_still(file, stream.fileno()):
            break
        stream.close()  # whoever held it has removed the file in between
    if owner:
        logger.warning(
            "%s: taken over from process %s on %s, which ended without a word",
            folder,
            owner.get("process", "?"),
            owner.get("host", "?"),
        )
    stream.truncate(0)
    stream.write(json.dumps(_this_process()) + "\n")
    stream.flush()
    return stream


def _lock(stream: TextIOWrapper) -> bool | None:
    """Whether the file could be locked; None where the system has no locks for it."""
    if fcntl is None:
        return None
    try:
        fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _UNSUPPORTED:
            return None
        return False
    return True


def _this_process() -> dict[str, Any]:
    now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
    return {"host": socket.gethostname(), "process": os.getpid(), "since": now}


def _read_owner(stream: TextIOWrapper) -> dict[str, Any]:
    try:
        owner = json.loads(stream.read() or "{}")
    except ValueError:
        return {"process": "?"}
    return owner if isinstance(owner, dict) else {"process": "?"}


def _owner_is_gone(owner: dict[str, Any]) -> bool:
    process = owner.get("process")
    is_here = owner.get("host") == socket.gethostname()
    return is_here and isinstance(process, int) and is_gone(process)


def _in_use(
    folder: Path, owner: dict[str, Any], otherwise: str, file: Path | None = None
) -> SrcoreError:
    since = f" since {owner['since']}" if "since" in owner else ""
    hint = f" (if it is gone, delete {file})" if file is not None and fcntl is None else ""
    return SrcoreError(
        f"{folder}: process {owner.get('process', '?')} on {owner.get('host', '?')} works on it"
        f"{since}; wait for it or end it{hint}, or {otherwise}"
    )
