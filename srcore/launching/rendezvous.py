"""Processes of one run wait for each other before the first work: not for ever, and it is said.

torchrun starts failed processes again, and its store then still holds what those before them wrote:
addresses where nobody listens any more. It counts restarts on each node by itself, so the count is
no name for an attempt. The main process therefore makes a new name, and hands it to the others,
each of which asks by a number that nobody has used before.
"""

from __future__ import annotations

import datetime
import os
import time
import uuid
from collections.abc import Callable, Iterable

from torch.distributed import PrefixStore, Store  # type: ignore[attr-defined]  # given by a star
from torch.distributed.rendezvous import rendezvous

from srcore.errors import SrcoreError, first_line
from srcore.machine.processes import processes_here, rank, world_size

#: Seconds in which all processes of a run must have started.
LIMIT = 300.0
_POLL = 0.05
_ROOM = "srcore/start"


def meet() -> Store:
    """Wait until all processes of this run have started.

    PyTorch waits half an hour for one that never comes, and then names none.

    Returns:
        The part of the store that belongs to these processes, and to none before them.

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
    room = PrefixStore(_ROOM, store)
    attempt = (
        _name_attempt(room, world, end) if own == 0 else _ask_for_attempt(room, own, world, end)
    )
    return PrefixStore(f"{_ROOM}/{attempt}", store)


def _name_attempt(room: Store, world: int, end: float) -> str:
    """Give the attempt a name, and hand it to whoever asks until all have it; main process."""
    attempt, missing, answered = uuid.uuid4().hex, set(range(1, world)), set[bytes]()

    def all_came() -> bool:
        for other in sorted(missing):
            if room.check([f"asks/{other}"]):
                number = room.get(f"asks/{other}")  # of an earlier attempt, until it asks anew
                if number not in answered:
                    room.set(f"answers/{number.decode()}", attempt)
                    answered.add(number)
            if room.check([f"{attempt}/came/{other}"]):
                missing.discard(other)
        return not missing

    _wait_until(all_came, end, lambda: missing)
    room.set(f"{attempt}/all", "")
    return attempt


def _ask_for_attempt(room: Store, own: int, world: int, end: float) -> str:
    """The name of the attempt, once all have it."""
    number = uuid.uuid4().hex
    room.set(f"asks/{own}", number)
    _wait_until(lambda: room.check([f"answers/{number}"]), end, lambda: [0])
    attempt = room.get(f"answers/{number}").decode()
    room.set(f"{attempt}/came/{own}", "")
    others = set(range(1, world)) - {own}

    def missing() -> list[int]:
        return [other for other in others if not room.check([f"{attempt}/came/{other}"])]

    _wait_until(lambda: room.check([f"{attempt}/all"]), end, missing)
    return attempt


def _wait_until(
    is_done: Callable[[], bool], end: float, missing: Callable[[], Iterable[int]]
) -> None:
    while not is_done():
        if time.monotonic() > end:
            names = ", ".join(str(other) for other in sorted(missing()))
            raise _too_late(f"not yet there: {names}")
        time.sleep(_POLL)


def _too_late(reason: str) -> SrcoreError:
    return SrcoreError(
        f"process {rank()} of {world_size()} waited {LIMIT:g} s for the others to start; {reason}; "
        "their own lines say why; start all of them, with the same number of processes"
        + _advice_on_store()
    )


def _advice_on_store() -> str:
    """What torchrun needs where a machine took the place of another one.

    Those that are left may know the old address of its store only, and are told of no other.
    """
    is_shared = os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True"
    if not is_shared or processes_here() == world_size():
        return ""
    return (
        "; if torchrun was started again on one machine only, give it "
        "TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1 on all of them"
    )
