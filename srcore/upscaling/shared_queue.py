"""Several processes share a list of work by one file: whoever is free takes what is next.

The file holds a number for every item: 0 while it is open, then what became of it. What a process
works on it holds by record locks of the system. They end with the process, however it ends, and
hold between hosts (NFS): nothing has to expire, and what a killed process held is free at once.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
import numpy as np
from numpy.typing import NDArray

from srcore.errors import SrcoreError
from srcore.files.alone import is_still

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows
    fcntl = None  # type: ignore[assignment]  # there are no such locks

_UNSUPPORTED = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)
#: Bytes that are locked: by who comes or goes, and by all who are there.
_DOOR, _PRESENT = 0, 1
#: Where the numbers of the items begin, and their bytes.
_ITEMS, _WIDTH = 64, 8
#: A chunk is one of so many parts of what is left for each process, and at most so many items.
_PARTS, _LARGEST_CHUNK = 4, 16
_FEW_PROCESSES = 8
#: Seconds between two looks at what others hold.
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.02, 1.0


class SharingError(SrcoreError):
    """The file system has no locks by which processes could share work."""


@attrs.frozen
class SharedQueue:
    """The queue of a job, for one process of it.

    Attributes:
        descriptor: of the open file.
        count: number of items.
        processes: how many are expected to take part.
    """

    descriptor: int
    count: int
    processes: int = 0

    @property
    def began(self) -> int:
        """When the job began, by the clock of the file system, in nanoseconds."""
        return int.from_bytes(os.pread(self.descriptor, 8, 8), "little")

    def chunks(self) -> Iterator[range]:
        """All items in order, in parts that become smaller: no process has much left at the end."""
        start = 0
        parts = _PARTS * max(self.processes, _FEW_PROCESSES)
        while start < self.count:
            size = min(_LARGEST_CHUNK, max(1, (self.count - start) // parts))
            yield range(start, min(start + size, self.count))
            start += size

    def claims(self) -> Iterator[list[int]]:
        """Open items, which are this process's until the next ones are asked for.

        Until then :meth:`note` must have been called for each. Ends when no item is open: what
        others work on is waited for, and taken if they end before it is done.
        """
        waiting, pause = list(self.chunks()), _SHORTEST_PAUSE
        while waiting:
            held = []
            for chunk in waiting:
                if not self._open_in(chunk):
                    continue
                place, length = _ITEMS + _WIDTH * chunk.start, _WIDTH * len(chunk)
                if not _lock(self.descriptor, place, length):
                    held.append(chunk)
                    continue
                pause = _SHORTEST_PAUSE
                try:
                    if left := self._open_in(chunk):  # another may have done it in between
                        yield left
                finally:
                    fcntl.lockf(self.descriptor, fcntl.LOCK_UN, length, place)
            waiting = held
            if waiting:
                time.sleep(pause)
                pause = min(1.5 * pause, _LONGEST_PAUSE)

    def note(self, item: int, number: int) -> None:
        """Say what became of an item.

        Args:
            item: one that was claimed.
            number: 1 to 2^64 - 1.
        """
        place = _ITEMS + _WIDTH * item
        os.pwrite(self.descriptor, number.to_bytes(_WIDTH, "little"), place)

    def numbers(self, start: int = 0, stop: int | None = None) -> NDArray[np.uint64]:
        """What became of the items ``(N,)``, of all by default; 0: nothing yet."""
        length = _WIDTH * ((self.count if stop is None else stop) - start)
        content = os.pread(self.descriptor, length, _ITEMS + _WIDTH * start)
        return np.frombuffer(content.ljust(length, b"\0"), "<u8")

    def _open_in(self, chunk: range) -> list[int]:
        numbers = self.numbers(chunk.start, chunk.stop).tolist()
        return [item for item, number in zip(chunk, numbers, strict=True) if not number]

    def _begin(self) -> None:
        os.ftruncate(self.descriptor, 0)
        os.ftruncate(self.descriptor, _ITEMS + _WIDTH * self.count + self.processes)
        began = os.fstat(self.descriptor).st_mtime_ns
        os.pwrite(self.descriptor, began.to_bytes(8, "little"), 8)

    def _seats(self) -> bytes:
        """A byte of each of the processes: whether it has come."""
        place = _ITEMS + _WIDTH * self.count
        return os.pread(self.descriptor, self.processes, place).ljust(self.processes, b"\0")

    def _sit(self, seat: int) -> None:
        os.pwrite(self.descriptor, b"\1", _ITEMS + _WIDTH * self.count + seat)


@contextlib.contextmanager
def taking_part(
    file: Path,
    count: int,
    begin: Callable[[], object],
    *,
    seat: int = 0,
    seats: int = 0,
) -> Iterator[SharedQueue]:
    """Take part in a job; the last process that leaves takes the file with it.

    Args:
        file: of the queue, the same for all processes; its folder is made if needed.
        count: number of items.
        begin: called by the first process while the others wait; what it raises ends the job.
        seat: number of this process among those that were started together.
        seats: how many were; 0: it was started by itself. One that comes when the others have done
            everything finds the file and nothing to do.

    Raises:
        SharingError: the file system has no locks.
        OSError: the file cannot be written.
    """
    with contextlib.ExitStack() as stack:
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            queue = SharedQueue(_entered(file, stack), count, seats)
        except SharingError:
            file.unlink(missing_ok=True)
            raise
        descriptor = queue.descriptor
        if _lock(descriptor, _PRESENT):  # nobody is there
            is_late = seats and queue.numbers().all() and not queue._seats()[seat]
            if not is_late:
                try:
                    begin()
                    queue._begin()
                except BaseException:
                    file.unlink(missing_ok=True)
                    raise
        fcntl.lockf(descriptor, fcntl.LOCK_SH, 1, _PRESENT)
        if seats:
            queue._sit(seat)
        fcntl.lockf(descriptor, fcntl.LOCK_UN, 1, _DOOR)
        try:
            yield queue
        finally:
            fcntl.lockf(descriptor, fcntl.LOCK_EX, 1, _DOOR)
            are_awaited = queue.numbers().all() and not all(queue._seats())
            if _lock(descriptor, _PRESENT) and not are_awaited:
                file.unlink(missing_ok=True)


def _entered(file: Path, stack: contextlib.ExitStack) -> int:
    """A descriptor of the file, with the lock of its door."""
    while True:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
        with contextlib.ExitStack() as attempt:
            attempt.callback(os.close, descriptor)
            _lock(descriptor, _DOOR, wait=True)
            if is_still(file, descriptor):
                stack.push(attempt.pop_all())
                return descriptor
        # Whoever was last has removed it in between.


def _lock(descriptor: int, place: int, length: int = 1, *, wait: bool = False) -> bool:
    """Whether bytes of the file could be locked; no other process has them then."""
    if fcntl is None:
        raise SharingError("this system has no locks by which processes could share files")
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB), length, place)
    except OSError as error:
        if error.errno in _UNSUPPORTED:
            raise SharingError(
                "the file system has no locks by which processes could share files"
            ) from None
        if error.errno not in (errno.EACCES, errno.EAGAIN):
            raise
        return False
    return True
