"""A thread of its own for a tracker: a training neither waits nor ends for one that is slow."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

Work = Callable[[], None]


class Messenger:
    """Does one piece of work after another; what waits is replaced by what comes.

    All work happens in one thread, since some trackers know their run by thread. It is no reason
    for the program to go on: a tracker that never answers holds up nobody.

    Args:
        name: of the thread.
        failed: told of every exception that work raises.
    """

    def __init__(self, name: str, failed: Callable[[Exception], None]) -> None:
        self._failed = failed
        self._waiting: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def send(self, work: Work) -> None:
        """Do this next, instead of what has not begun."""
        self._waiting.put(work)

    def close(self, last: Work, seconds: float) -> bool:
        """Do this last; return whether it was done in time."""
        self.send(last)
        self._waiting.put(None)
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        is_open = True
        while is_open:
            work: Work | None = None
            item = self._waiting.get()
            while True:
                if item is None:
                    is_open = False
                else:
                    work = item
                if self._waiting.empty():
                    break
                item = self._waiting.get()
            if work is not None:
                try:
                    work()
                except Exception as error:  # whatever a library has to say; the training goes on
                    self._failed(error)
