"""How much memory this process has, now and at most."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

_STATUS, _FORGET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def give_back_memory() -> None:
    """What was freed goes back to the system; what takes its place counts then."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    if trim is not None:
        trim(0)


def forget_peak() -> bool:
    """Count the largest size from here on; false where the system cannot (all but Linux)."""
    try:
        _FORGET.write_text("5")
    except OSError:
        return False
    return True


def resident_bytes() -> int:
    """Bytes of this process in memory; 0 where the system does not tell."""
    return _status("VmRSS")


def peak_bytes() -> int:
    """Largest :func:`resident_bytes` since :func:`forget_peak`, or ever; 0 where nobody tells."""
    return _status("VmHWM") or _largest_ever()


def data_bytes() -> int:
    """Bytes of data that this process has asked for; 0 where the system does not tell."""
    return _status("VmData")


def address_space_bytes() -> int:
    """Bytes of addresses that this process uses; 0 where the system does not tell."""
    return _status("VmSize")


def _status(key: str) -> int:
    try:
        lines = _STATUS.read_text("utf-8").splitlines()
    except OSError:
        return 0
    return next((int(it.split()[1]) * 1024 for it in lines if it.startswith(f"{key}:")), 0)


def _largest_ever() -> int:
    if sys.platform == "win32":
        return 0
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
