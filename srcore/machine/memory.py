"""How much memory is free, before something large is made, and whether it has run out."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from srcore.machine.resident_memory import address_space_bytes, data_bytes

_SAID = ("not enough memory", "out of memory", "can't allocate memory")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out; anything else is a bug or a bad input.

    PyTorch's own are RuntimeErrors, whatever the device.
    """
    if isinstance(error, MemoryError):
        return True
    if not isinstance(error, RuntimeError):
        return False
    # torch.OutOfMemoryError by its name, since nothing here imports torch
    text = str(error).lower()
    return type(error).__name__ == "OutOfMemoryError" or any(words in text for words in _SAID)


def free_memory_of_processor() -> int | None:
    """Bytes that can still be allocated; None where the system does not tell."""
    candidates = [_available_memory(), _left_in_container(), *_left_by_limits()]
    known = [value for value in candidates if value is not None]
    return min(known) if known else None


def _available_memory() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, AttributeError, ValueError):  # not Linux, or not a Unix
        return None


def _left_in_container(root: Path = Path("/sys/fs/cgroup")) -> int | None:
    """What the control group of a container leaves (versions 2 and 1)."""
    for limit, used in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        try:
            return max(0, int((root / limit).read_text()) - int((root / used).read_text()))
        except (OSError, ValueError):  # no such group, or "max": no limit
            continue
    return None


def _left_by_limits() -> Iterator[int]:
    """What ``ulimit -d`` and ``ulimit -v`` leave this process, as batch systems set them."""
    if sys.platform != "linux":
        return
    import resource

    for limit, used in (
        (resource.RLIMIT_DATA, data_bytes),
        (resource.RLIMIT_AS, address_space_bytes),
    ):
        bound, _ = resource.getrlimit(limit)
        if bound != resource.RLIM_INFINITY:
            yield max(0, bound - used())
