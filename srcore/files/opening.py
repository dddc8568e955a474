"""Opening files to read them to their end."""

from __future__ import annotations

import errno
import stat
from pathlib import Path
from typing import BinaryIO


def open_file(path: Path) -> BinaryIO:
    """An ordinary file, to be read.

    Raises:
        OSError: as ``open`` does, and for pipes and devices, which may never begin or never end.
    """
    mode = path.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise OSError(errno.EINVAL, "a pipe or device; expected a file", str(path))
    return path.open("rb")
