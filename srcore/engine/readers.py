"""Processes that read images ahead of training: whatever becomes of them, the wait for them ends.

PyTorch's loader waits for ever for a process that hangs or whose batch found no room, raises at any
moment of an iteration where one is killed, and waits again at its end. Here a batch is waited for
at one place only, where the state of training is whole; a reader that is gone, one that does not
answer in time, and a signal are found there. At the end no reader is left.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import signal
import threading
import time
import warnings
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any

import torch
from torch.utils.data import DataLoader

from srcore.engine.sampling import StreamSampler, TrainingImages, collate
from srcore.engine.signals import STOPPING
from srcore.errors import DataError, Interrupted
from srcore.machine.processes import end_with_parent, processes_here
from srcore.machine.shared_memory import batches_ahead, cores

if TYPE_CHECKING:
    from srcore.engine.signals import StopRequest

logger = logging.getLogger("srcore")

_POLL = 0.5
#: Seconds in which a batch may still come after a signal, and readers may end by themselves.
_GRACE = 2.0
_NAMED = 5
_OUT_OF_MEMORY = "often the system, out of memory: lower data.train.workers or train.batch_size"


class Readers:
    """The batches of a stage in their order, read ahead by ``workers`` processes.

    Use as a context manager and iterate once.

    Args:
        images: reads samples.
        sampler: which images come when.
        workers: reading processes; 0: this process reads, and nothing below can happen.
        timeout: seconds to wait for a batch; 0: for ever.
        pin_memory: for a GPU.
        stop: whether a signal to stop came.

    Attributes:
        waited: seconds that training has spent waiting for batches.
    """

    def __init__(
        self,
        images: TrainingImages,
        sampler: StreamSampler,
        *,
        workers: int,
        timeout: float,
        pin_memory: bool,
        stop: StopRequest,
    ) -> None:
        self.images = images
        self.sampler = sampler
        self.workers = workers
        self.timeout = timeout
        self.pin_memory = pin_memory
        self.stop = stop
        self.waited = 0.0
        self._processes: set[Any] = set()
        self._batches: Any = None
        self._number = sampler.start
        self._since: float | None = None
        self._verdict: Exception | None = None
        self._closed = threading.Event()
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Readers:
        before = set(multiprocessing.active_children())
        has_died = False
        if self.workers:
            self._stack.enter_context(_deaf_to_ends_of_children())
        try:
            self._batches = self._start()
            if self.workers:  # the first loader of a process has set PyTorch's handler
                self._stack.enter_context(_deaf_to_ends_of_children())
        except Exception as error:
            has_died = _tells_of_dead_reader(error)
            if not has_died:
                self.__exit__(type(error), error, None)
                raise
        self._processes = set(multiprocessing.active_children()) - before
        if has_died or len(self._processes) < self.workers:  # only the living are listed
            self.__exit__(DataError, None, None)
            raise DataError(
                f"iteration {self._number + 1}: a process that reads images ended while it was "
                f"started ({_OUT_OF_MEMORY}); continue with --resume"
            )
        if self.workers:
            threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closed.set()
        if kind is not None:
            self._kill()
        # The loader's own end waits for readers that hang: in a thread that may be left behind.
        dropping = threading.Thread(target=self._drop, daemon=True)
        dropping.start()
        dropping.join(_GRACE)
        self._kill()
        for process in self._processes:
            process.join(1)
        self._stack.close()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Batches until the sampler's end.

        Raises:
            DataError: a reader ended, or none answered in time.
            Interrupted: a signal came while no batch did; the last iteration is complete.
        """
        while self._number < self.sampler.stop:
            began = time.monotonic()
            batch = self._next(began)
            self.waited += time.monotonic() - began
            self._number += 1
            yield batch

    def _start(self) -> Iterator[dict[str, Any]]:
        workers = self.workers
        everyone = workers * processes_here()
        if everyone > cores():
            logger.warning(
                "data.train.workers: %d processes read images, but there are %d processor cores; "
                "fewer may be quicker",
                everyone,
                cores(),
            )
        ahead = batches_ahead(self._batch_bytes(), workers) if workers else None
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="This DataLoader will create")
            return iter(
                DataLoader(
                    self.images,
                    batch_sampler=self.sampler,
                    num_workers=workers,
                    collate_fn=collate,
                    pin_memory=self.pin_memory,
                    timeout=_POLL if workers else 0,
                    prefetch_factor=ahead,
                    # fork after OpenMP has started can deadlock, but "spawn" cannot share a
                    # memory cache
                    worker_init_fn=_begin_reader if workers else None,
                )
            )

    def _batch_bytes(self) -> int:
        """Size of a batch, by its first image; 0 where that cannot be read."""
        keys = self._keys()
        sample = self.images[keys[0]] if keys else {}
        arrays = [value for value in sample.values() if hasattr(value, "nbytes")]
        return sum(int(value.nbytes) for value in arrays) * len(keys)

    def _next(self, began: float) -> dict[str, Any]:
        while True:
            self._since = began
            try:
                batch: dict[str, Any] = next(self._batches)
            except (RuntimeError, OSError, EOFError) as error:
                end = self._end_of_wait(error)
                if end is not None:
                    raise end from None
            else:
                return batch
            finally:
                self._since = None

    def _end_of_wait(self, error: Exception) -> Exception | None:
        """What ends the wait; None if it goes on."""
        if self._verdict is not None:
            return self._verdict
        waits = "timed out" in str(error)
        if not waits:  # a connection may break a moment before its process is gone
            end = time.monotonic() + _GRACE
            while all(p.is_alive() for p in self._processes) and time.monotonic() < end:
                time.sleep(0.01)
        for process in self._processes:
            if not process.is_alive():
                return DataError(self._about_dead(process))
        return None if waits else error

    def _watch(self) -> None:
        """End the readers when waiting makes no sense any more; runs beside training.

        Killing them also ends a read of theirs that the training process hangs in.
        """
        signalled: float | None = None
        while not self._closed.wait(_POLL / 2):
            since, now = self._since, time.monotonic()
            if self.stop.signal_number is None:
                signalled = None
            elif signalled is None:
                signalled = now
            if since is None:
                continue
            waited = now - max(since, signalled or since)
            if signalled is not None and waited > _GRACE:
                self._verdict = Interrupted(
                    self.stop.signal_number or signal.SIGTERM,
                    f"interrupted while waiting for images: {self._reading()}; "
                    "continue with --resume",
                )
            elif self.timeout and now - since > self.timeout:
                self._verdict = DataError(self._about_silence())
            if self._verdict is not None:
                self._kill()
                return

    def _about_silence(self) -> str:
        return (
            f"iteration {self._number + 1}: no batch came in {self.timeout:g} s "
            f"(data.train.batch_timeout), while {self._reading()}; a disk or network that does "
            "not answer, or images that take longer: raise the limit (0: none), or read fewer or "
            "smaller images at once; continue with --resume"
        )

    def _about_dead(self, process: Any) -> str:
        code = process.exitcode
        if code is None or code >= 0:
            how = f"ended by itself with exit code {code}"
        else:
            try:
                how = f"was killed by {signal.Signals(-code).name}"
            except ValueError:
                how = f"was killed by signal {-code}"
        if code == -signal.SIGKILL:
            cure = _OUT_OF_MEMORY
        elif code is not None and code < 0:
            cure = "data.train.workers = 0 shows where, and whether one image is the cause"
        else:
            cure = "data.train.workers = 0 shows why"
        return (
            f"iteration {self._number + 1}: a process that reads images {how}, while "
            f"{self._reading()} ({cure}); continue with --resume"
        )

    def _reading(self) -> str:
        keys = self._keys()
        names = list(dict.fromkeys(self.images.dataset.name(index) for _, index in keys))
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        return f"it was to read {', '.join(names[:_NAMED])}{more}"

    def _keys(self) -> list[Any]:
        """The keys of the batch that is waited for."""
        return self.sampler.keys(min(self._number, self.sampler.stop - 1))

    def _kill(self) -> None:
        for process in self._processes:
            if process.is_alive():
                process.kill()

    def _drop(self) -> None:
        self._batches = None


def _tells_of_dead_reader(error: BaseException | None) -> bool:
    """Whether PyTorch's handler raised this, or what another exception grew from."""
    while error is not None:
        if isinstance(error, RuntimeError) and "DataLoader worker" in str(error):
            return True
        error = error.__context__
    return False


@contextlib.contextmanager
def _deaf_to_ends_of_children() -> Iterator[None]:
    """Without PyTorch's handler, which raises wherever training is when a reader ends."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGCHLD"):
        yield
        return
    before = signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGCHLD, before)


def _begin_reader(_: int) -> None:
    """In a reader: leave signals to the training process, end with it, use one thread.

    Terminals, torchrun and batch systems signal the whole process group; the training process
    still needs batches to finish its iteration, and tells the readers when to end.
    """
    import cv2

    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)
    end_with_parent()
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
