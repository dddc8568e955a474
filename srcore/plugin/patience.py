"""Saying what is waited for, where the code of others may never come back."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

#: Seconds of silence; the slowest honest plugin imports in a second or two.
PATIENCE = 5.0


@contextmanager
def naming_what_hangs(what: str, advice: str = "") -> Iterator[None]:
    """Print one line on standard error if the ``with`` block takes longer than :data:`PATIENCE`.

    The block is not ended: nothing in Python can end an import that hangs, but whoever reads the
    line can.
    """

    def say() -> None:
        print(f"srcore: still importing {what} after {PATIENCE:g} s{advice}", file=sys.stderr)

    timer = threading.Timer(PATIENCE, say)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()  # no thread is left over for a process that forks
