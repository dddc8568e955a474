"""Opening files to read them to their end."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

try:
    import resource
except ImportError:  # pragma: no cover - Windows
    resource = None  # type: ignore[assignment]  # there is no such limit


def open_file(path: Path) -> BinaryIO:
    """An ordinary file, to be read.

    Raises:
        OSError: as ``open`` does, and for pipes and devices, which may never begin or never end.
    """
    mode = path.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise OSError(errno.EINVAL, "a pipe or device; expected a file", str(path))
    return path.open("rb")


def leave_room_for_files(descriptor: int) -> None:
    """Let this process have more files open, once it has half of what it may have at first.

    Args:
        descriptor: of a file that is open.
    """
    if resource is None:
        return
    following = os.dup(descriptor)  # the lowest number that is free
    os.close(following)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard and 2 * following > soft:
        with contextlib.suppress(OSError, ValueError):  # macOS tells a limit that it does not allow
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
