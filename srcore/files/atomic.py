"""Writing files so that a reader never sees half of one.

What is being written has a hidden name that says which process of which host does so. A process
that is killed leaves it behind; the next one that writes into the same folder removes it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path

from srcore.errors import DataError
from srcore.machine.processes import is_gone

_LONGEST_SUFFIX = 16
_HOST = hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]
#: Host, process and a random part; srcore 0.1 before its release had only that.
_TEMPORARY = re.compile(
    r"\.srcore-(?:[0-9a-f]{12}|(?P<host>[0-9a-f]{8})-(?P<process>\d{1,10})-[0-9a-f]{6})(\..*)?"
)
#: Folders in which this process has looked for what others left.
_swept: set[Path] = set()


def temporary_neighbor(path: Path) -> Path:
    """A hidden name beside ``path`` that no file has.

    It is short whatever the length of ``path``'s name, which may be all that the file system takes.
    """
    suffix = path.suffix if len(path.suffix) <= _LONGEST_SUFFIX else ""
    return path.with_name(f".srcore-{_HOST}-{os.getpid()}-{secrets.token_hex(3)}{suffix}")


def is_temporary(path: Path) -> bool:
    """Whether a file was being written by :func:`writing`; after a kill it is worth nothing."""
    return _TEMPORARY.fullmatch(path.name) is not None


def leftovers(folder: Path) -> Iterator[Path]:
    """What processes of this host that are gone were writing in a folder.

    Of other hosts nobody knows whether they live.
    """
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            match = _TEMPORARY.fullmatch(path.name)
            if match and match["host"] == _HOST and is_gone(int(match["process"])):
                yield path


def delete_leftovers(folder: Path) -> None:
    """Delete what :func:`leftovers` finds in a folder."""
    for path in leftovers(folder):
        with contextlib.suppress(OSError):  # a folder, or another process was quicker
            path.unlink()


def _sweep(folder: Path) -> None:
    place = folder.absolute()
    if place not in _swept:
        _swept.add(place)
        delete_leftovers(place)


@contextlib.contextmanager
def writing(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """Yield a temporary neighbor of ``path`` to write; rename it when the block succeeds.

    After a failure the file that was there before is intact and the temporary one is gone.

    Args:
        path: the file; its folder is made if needed.
        durable: wait until the disk holds the content. Worth it for results, not for thousands of
            files that can be made again.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path.parent)
    # Named here and not by tempfile.mkstemp: an interrupt between its return and the try below
    # would leave the file behind.
    temporary = temporary_neighbor(path)
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
