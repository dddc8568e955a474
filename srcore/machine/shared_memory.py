"""Room for the batches that reading processes hand over: known before the first one is read."""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path

from srcore.errors import DataError
from srcore.machine.processes import processes_here

logger = logging.getLogger("srcore")

#: Where Linux keeps memory that processes share; Docker gives it 64 MiB.
SHARED_MEMORY = Path("/dev/shm")
_AHEAD = 4
_CURE = (
    "make it larger (docker run --shm-size=8g, or --ipc=host), or lower data.train.workers "
    "(0 needs none) or train.batch_size"
)


def batches_ahead(batch_bytes: int, workers: int) -> int:
    """How many batches each process that reads images may hold ready: 4, or what there is room for.

    Args:
        batch_bytes: size of a batch as it is handed over; 0 if unknown.
        workers: processes that read images for one training process.

    Raises:
        DataError: there is not even room for one batch of each.
    """
    try:
        free = shutil.disk_usage(SHARED_MEMORY).free
    except OSError:  # other systems keep shared memory elsewhere, without such a limit
        return _AHEAD
    everyone = workers * processes_here()
    in_use = batch_bytes * processes_here()
    fitting = (free - in_use) // max(1, batch_bytes * everyone)
    if fitting < 1:
        raise DataError(
            f"{SHARED_MEMORY}: {mebibytes(free)} MiB of shared memory are free, but {everyone} "
            f"processes that read images, each with a batch of {mebibytes(batch_bytes)} MiB, need "
            f"{mebibytes(batch_bytes * everyone + in_use)}; {_CURE}"
        )
    if fitting < _AHEAD:
        logger.warning(
            "%s: %s MiB of shared memory are free: only %d instead of %d batches are read ahead; "
            "docker run --shm-size=8g makes it larger",
            SHARED_MEMORY,
            mebibytes(free),
            fitting,
            _AHEAD,
        )
    return min(_AHEAD, fitting)


def is_full(error: RuntimeError) -> bool:
    """Whether PyTorch found no room in shared memory."""
    return "shared memory" in str(error) and ("No space" in str(error) or "allocate" in str(error))


def full(error: RuntimeError) -> str:
    """What a reading process says that finds no room for its batch."""
    reason = " ".join(str(error).split())
    return f"{SHARED_MEMORY}: no room for a batch in shared memory ({reason}); {_CURE}"


def mebibytes(count: int) -> str:
    """Bytes in MiB, as messages show them."""
    return f"{count / 2**20:.1f}" if count < 100 * 2**20 else f"{count / 2**20:.0f}"


def cores() -> int:
    """Processor cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1
