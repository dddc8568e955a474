"""What a piece of code costs in memory, for tests of limits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import attrs

from srcore.machine.resident_memory import forget_peak, give_back_memory, peak_bytes, resident_bytes


@attrs.define
class Growth:
    """How far the memory of this process rose above what it was; 0 where nobody tells."""

    bytes: int = 0


@contextmanager
def peak_growth() -> Iterator[Growth]:
    """Measure the highest resident memory inside a ``with`` block (on Linux).

    >>> with peak_growth() as growth:
    ...     many = bytes(10_000_000)
    >>> growth.bytes >= 0
    True
    """
    growth = Growth()
    give_back_memory()
    if not forget_peak():
        yield growth
        return
    before = resident_bytes()
    yield growth
    growth.bytes = max(0, peak_bytes() - before)
