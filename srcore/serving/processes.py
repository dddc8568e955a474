"""Starting the process that computes; nothing heavy is imported where it is started."""

from __future__ import annotations

import contextlib
import multiprocessing
from typing import TYPE_CHECKING, Any

from srcore.machine.processes import ending_in_words

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

    from srcore.serving.options import Computing

    Work = Callable[[Connection, Computing], None]


class WorkerProcess:
    """A process of its own that enlarges pictures.

    It is spawned and not forked: a fork of threads may wait for ever, and CUDA does not survive it.

    Args:
        computing: how pictures are enlarged.
        work: a function of a module that does :func:`work_at_orders`, in surroundings of its own.
    """

    def __init__(self, computing: Computing, work: Work | None = None) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, far_end = context.Pipe()
        self._process = context.Process(
            target=work or work_at_orders,
            args=(far_end, computing),
            name="srcore worker",
            daemon=True,
        )
        self._process.start()
        far_end.close()  # so that its end is seen here

    def give(self, order: object) -> None:
        """Hand it an order.

        Raises:
            OSError: it has gone.
        """
        self._connection.send(order)

    def answer(self, seconds: float) -> dict[str, Any] | None:
        """What it tells next; None if it says nothing for some seconds.

        Raises:
            EOFError: it has ended.
        """
        if not self._connection.poll(seconds):
            return None
        told: dict[str, Any] = self._connection.recv()
        return told

    def end(self) -> str:
        """Kill it, if it lives, and say how it ended."""
        with contextlib.suppress(OSError):
            self._process.join(0.2)
        code = self._process.exitcode
        self._process.kill()
        self._process.join()
        self._connection.close()
        return "" if code is None else ending_in_words(code)


def work_at_orders(connection: Connection, computing: Computing) -> None:
    """What the process does, until nobody gives it orders any more."""
    from srcore.serving.worker import serve_orders

    serve_orders(connection, computing)
