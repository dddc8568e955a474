"""Which part of a program had the time: moments at which one handed over to another.

A part that runs inside another takes its time from it, so that all parts together are the whole.
"""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Iterator
from typing import Any, Protocol

import torch

from srcore.machine.devices import wait_for
from srcore.profiling.part_names import OTHER


class Clock(Protocol):
    """Tells moments, and the seconds between two of them once they have passed."""

    def moment(self) -> Any:
        """A mark of when the device gets here."""
        ...

    def settle(self) -> None:
        """Wait until all moments have passed."""
        ...

    def seconds(self, first: Any, last: Any) -> float:
        """Between two moments that have passed."""
        ...


class ProcessorClock:
    """The clock of a device that has computed what it was told when the call returns."""

    def moment(self) -> Any:
        """The present moment."""
        return time.perf_counter()

    def settle(self) -> None:
        """Nothing is under way."""

    def seconds(self, first: Any, last: Any) -> float:
        """Between two moments."""
        return float(last - first)


class CudaClock:
    """Moments in the stream of a GPU: computing is not held up, and nothing is waited for.

    The time of a part is that which the GPU needs for what the part told it, and that in which it
    had nothing to do because of the part.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device

    def moment(self) -> Any:
        """When the stream gets there."""
        made: Any = torch.cuda.Event
        event = made(enable_timing=True)
        event.record(torch.cuda.current_stream(self.device))
        return event

    def settle(self) -> None:
        """Wait until all moments have passed."""
        wait_for(self.device)

    def seconds(self, first: Any, last: Any) -> float:
        """Between two moments."""
        return float(first.elapsed_time(last)) / 1e3


class AppleClock(ProcessorClock):
    """The clock of Apple's GPUs, which waits for them at every moment."""

    def moment(self) -> Any:
        """Now, when all is done."""
        wait_for(torch.device("mps"))
        return time.perf_counter()


def clock_of(device: torch.device) -> Clock:
    """The clock for what a device computes."""
    if device.type == "cuda":
        return CudaClock(device)
    return AppleClock() if device.type == "mps" else ProcessorClock()


class Timeline:
    """Adds up the time of parts by name, each without the parts inside it.

    Args:
        clock: tells moments.

    >>> timeline = Timeline(ProcessorClock())
    >>> with timeline.whole(), timeline.part("loss l1"):
    ...     pass
    >>> sorted(timeline.seconds())
    ['loss l1', 'other']
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._inside: list[str] = []
        self._spans: list[list[tuple[str, Any]]] = []

    @contextlib.contextmanager
    def whole(self) -> Iterator[None]:
        """What is looked at; what happens between two such blocks is not counted."""
        self._spans.append([(OTHER, self._clock.moment())])
        self._inside = [OTHER]
        try:
            yield
        finally:
            self._spans[-1].append(("", self._clock.moment()))
            self._inside = []

    @contextlib.contextmanager
    def part(self, name: str) -> Iterator[None]:
        """A part; outside of :meth:`whole` it is not counted."""
        if not self._inside:
            yield
            return
        self.enter(name)
        try:
            yield
        finally:
            self.leave()

    def enter(self, name: str) -> None:
        """A part begins."""
        if self._inside:
            self._inside.append(name)
            self._spans[-1].append((name, self._clock.moment()))

    def leave(self) -> None:
        """The part that began last ends."""
        if len(self._inside) > 1:
            self._inside.pop()
            self._spans[-1].append((self._inside[-1], self._clock.moment()))

    def seconds(self) -> dict[str, float]:
        """Seconds of all parts by name, in the order in which they began first."""
        self._clock.settle()
        sums: dict[str, float] = {}
        for span in self._spans:
            for (name, first), (_, last) in itertools.pairwise(span):
                sums[name] = sums.get(name, 0.0) + self._clock.seconds(first, last)
        return sums

    def whole_seconds(self) -> list[float]:
        """Seconds of every :meth:`whole`, from its first to its last moment."""
        self._clock.settle()
        return [self._clock.seconds(span[0][1], span[-1][1]) for span in self._spans]
