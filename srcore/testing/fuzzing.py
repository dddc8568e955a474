"""Reading broken files by the thousand: what each comes to, and what it costs."""

from __future__ import annotations

import collections
import time
import traceback
from collections.abc import Callable, Collection

import attrs

from srcore.errors import SrcoreError
from srcore.testing.resources import peak_growth

#: Memory that any reading may take, bytes.
_LEAST = 32 << 20


@attrs.frozen(kw_only=True)
class FuzzTarget:
    """What a reader may do with a broken file.

    Attributes:
        read: reads the file; returns what is wrong with the result, None if nothing is.
        refusal: what it may raise instead.
        complaint: what is wrong with a refusal, None if nothing is.
        longest: seconds of this process for one file.
    """

    read: Callable[[], str | None]
    refusal: type[SrcoreError]
    complaint: Callable[[SrcoreError], str | None]
    longest: float

    def outcome(self, most: int) -> str:
        """``read``, ``refused``, or how it failed; ``most``: bytes of memory."""
        begin = time.process_time()
        with peak_growth() as growth:
            try:
                result = self.read() or "read"
            except self.refusal as error:
                result = self.complaint(error) or "refused"
            except BaseException as error:
                place = traceback.extract_tb(error.__traceback__)[-1]
                kind = type(error).__name__
                result = f"{kind}: {error!s:.300} ({place.filename}, {place.lineno})"
        if growth.bytes > most:
            result = f"{growth.bytes >> 20} MiB ({result})"
        took = time.process_time() - begin
        return result if took < self.longest else f"{took:.1f} s ({result})"

    def most_of(self, honest: Collection[bytes], write: Callable[[bytes], object]) -> int:
        """Twice the memory of honest files; ``write`` puts one where ``read`` looks."""
        for content in honest:  # libraries are loaded
            write(content)
            self.read()
        highest = 0
        for content in honest:
            write(content)
            with peak_growth() as growth:
                self.read()
            highest = max(highest, growth.bytes)
        return max(2 * highest, _LEAST)


@attrs.define
class Outcomes:
    """Counted outcomes, and the first file of every failure."""

    counts: collections.Counter[str] = attrs.field(factory=collections.Counter)
    failed: dict[str, int] = attrs.field(factory=dict)

    def add(self, result: str, number: int) -> bool:
        """Count one; whether it is a failure."""
        is_failure = result not in ("read", "refused")
        self.counts["failed" if is_failure else result] += 1
        if is_failure:
            self.failed.setdefault(result, number)
        return is_failure
