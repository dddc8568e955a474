"""Processes of one run wait for each other before the first work: not for ever, and it is said."""

from __future__ import annotations

import datetime
import os
import time
from typing import Any

from torch.distributed.rendezvous import rendezvous

from srcore.errors import SrcoreError, first_line
from srcore.machine.processes import rank, world_size

#: Seconds in which all processes of a run must have started.
LIMIT = 300.0
_POLL = 0.05


def meet() -> Any:
    """Wait until all processes of this run have started.

    PyTorch waits half an hour for one that never comes, and then names none.

    Returns:
        What the processes met at; keep it until they are joined.

    Raises:
        SrcoreError: some have not started within ``LIMIT`` seconds.
    """
    end = time.monotonic() + LIMIT
    try:
        store, own, world = next(rendezvous("env://", timeout=datetime.timedelta(seconds=LIMIT)))
    except RuntimeError as error:
        reason = first_line(error)
        where = f"{os.environ['MASTER_ADDR']}:{os.environ['MASTER_PORT']}"
        raise _too_late(f"not all came to {where} ({reason})") from error
    store.set(_store_key(own), "")
    missing = set(range(world))
    while missing := {other for other in missing if not store.check([_store_key(other)])}:
        if time.monotonic() > end:
            names = ", ".join(str(other) for other in sorted(missing))
            raise _too_late(f"not yet there: {names}")
        time.sleep(_POLL)
    return store


def _store_key(number: int) -> str:
    attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")  # all share torchrun's store
    return f"srcore/started/{attempt}/{number}"


def _too_late(reason: str) -> SrcoreError:
    return SrcoreError(
        f"process {rank()} of {world_size()} waited {LIMIT:g} s for the others to start; {reason}; "
        "their own lines say why; start all of them, with the same number of processes"
    )
