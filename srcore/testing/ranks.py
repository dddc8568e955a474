"""Several processes of one run on this machine, forked with torch loaded instead of by torchrun."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from srcore.testing.killing import fork


def free_port() -> int:
    """A port of this machine that nobody listens to."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def join_ranks(rank: int, ranks: int, port: int, **more: str) -> None:
    """Make this process one of several, by the variables that torchrun sets; with one thread.

    Args:
        rank: its number.
        ranks: how many there are; of one, nothing is set.
        port: where they meet.
        more: further variables.
    """
    torch.set_num_threads(1)
    if ranks > 1:
        places = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": ranks, "LOCAL_WORLD_SIZE": ranks}
        os.environ |= {name: str(value) for name, value in places.items()}
        os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), **more}


def fork_ranks(work: Callable[[int], object], logs: Sequence[Path]) -> list[int]:
    """Fork a process for each log; return their numbers.

    Args:
        work: called in each with its rank.
        logs: files that what they print is added to, see :func:`srcore.testing.killing.fork`.
    """
    ranks, port = len(logs), free_port()

    def begin(rank: int) -> None:
        join_ranks(rank, ranks, port)
        work(rank)

    return [fork(lambda rank=rank: begin(rank), log) for rank, log in enumerate(logs)]  # type: ignore[misc]  # the type of a default in a lambda
