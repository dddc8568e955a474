"""Work shared out to processes: results come in order, and few pieces are under way at a time."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from types import TracebackType
from typing import Any, Generic, TypeVar

import cv2

from srcore.errors import SrcoreError
from srcore.machine.processes import end_with_parent
from srcore.options.spelling import spelled

S = TypeVar("S")
T = TypeVar("T")
R = TypeVar("R")
#: Pieces that are under way for each process: it never waits for the next one.
_AHEAD = 3


class LostProcessError(SrcoreError):
    """A process that worked for this one has ended without a word."""


class ProcessPool(Generic[S]):
    """Processes that call functions with what all of them know; a context manager.

    Args:
        number: of processes; with 1 this process does the work itself.
        state: what all know; sent to each process once.
    """

    def __init__(self, number: int, state: S) -> None:
        self._number = number
        self._state = state
        self._pool: ProcessPoolExecutor | None = None
        if number > 1:
            # Spawned, because forking a process in which OpenCV or torch have threads may hang.
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(
                number, mp_context=context, initializer=_begin_working, initargs=(state,)
            )

    def each(self, function: Callable[[S, T], R], items: Iterable[T]) -> Iterator[R]:
        """The results for all items, in their order.

        Args:
            function: of a module, called with the state and an item.
            items: taken when their turn comes near, so they may be results of another ``each``.

        Raises:
            LostProcessError: a process was killed, or has crashed.
        """
        if self._pool is None:
            yield from (function(self._state, item) for item in items)
            return
        waiting: deque[Future[R]] = deque()
        try:
            for item in items:
                waiting.append(self._pool.submit(_call_with_state, function, item))
                if len(waiting) >= _AHEAD * self._number:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool:
            less = spelled("workers", max(1, self._number // 2))
            raise LostProcessError(
                f"one of {self._number} processes that do the work was killed, or has crashed; "
                f"the system kills processes when memory is short: {less} needs less"
            ) from None

    def __enter__(self) -> ProcessPool[S]:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the processes; after an error what nobody has begun is left undone."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)


_known: Any = None


def _begin_working(state: Any) -> None:
    global _known
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is for the one who asked
    os.environ["OMP_NUM_THREADS"] = "1"
    cv2.setNumThreads(1)
    _known = state


def _call_with_state(function: Callable[[Any, T], R], item: T) -> R:
    return function(_known, item)
