"""Work on some items ahead of their turn."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TypeVar

Item = TypeVar("Item")
Returned = TypeVar("Returned")

#: What is fetched at a time: a distant server takes longer to answer than to send an image.
FETCHED_AT_A_TIME = 16


def in_background(
    work: Callable[[Item], Returned],
    items: Iterable[Item],
    *,
    discard: Callable[[Returned], object] | None = None,
) -> Generator[Future[Returned], None, None]:
    """Work on items in threads, :data:`FETCHED_AT_A_TIME` of them at a time.

    Args:
        work: what is done with each.
        items: they are asked for as their work begins.
        discard: called with the answers that nobody took.

    Yields:
        Answers in the order of the items.
    """
    waiting: deque[Future[Returned]] = deque()
    pool = ThreadPoolExecutor(FETCHED_AT_A_TIME)
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) == FETCHED_AT_A_TIME:
                yield waiting.popleft()
        while waiting:
            yield waiting.popleft()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for future in waiting:
            if discard is not None and not future.cancel():
                future.add_done_callback(partial(_discarded, discard=discard))


def _discarded(done: Future[Returned], discard: Callable[[Returned], object]) -> None:
    if done.exception() is None:
        discard(done.result())
