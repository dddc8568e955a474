"""What a piece of code costs in memory, for tests of limits."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs


@attrs.define
class Growth:
    """How far the memory of this process rose above what it was; 0 where nobody tells."""

    bytes: int = 0


@contextmanager
def peak_growth() -> Iterator[Growth]:
    """Measure the highest resident memory inside a ``with`` block (on Linux).

    >>> with peak_growth() as growth:
    ...     many = bytes(10_000_000)
    >>> growth.bytes >= 0
    True
    """
    growth = Growth()
    _give_back()
    try:
        Path("/proc/self/clear_refs").write_text("5")  # forgets the peak so far
        before = _status("VmRSS")
    except OSError:
        yield growth
        return
    yield growth
    growth.bytes = max(0, _status("VmHWM") - before)


def _give_back() -> None:
    """What was freed goes back to the system; what takes its place counts then."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    if trim is not None:
        trim(0)


def _status(key: str) -> int:
    for line in Path("/proc/self/status").read_text("utf-8").splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) * 1024
    return 0
