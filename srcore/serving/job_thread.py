"""Does the jobs one after the other, in a process that is killed where one is canceled."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from srcore.messages import one_line
from srcore.serving.picture_queue import PictureJob, PictureQueue

#: Seconds without a job after which the process ends, so that others have its memory.
IDLE = 600.0
#: Seconds between two looks at what was canceled, and at what nobody wants any more.
_SOON, _NOW_AND_THEN = 0.05, 5.0


class Process(Protocol):
    """A process that computes, see :class:`srcore.serving.processes.WorkerProcess`."""

    def give(self, order: object) -> None:
        """Hand it an order."""

    def answer(self, seconds: float) -> dict[str, Any] | None:
        """What it tells next; None if it says nothing for some seconds.

        Raises:
            EOFError: it has ended.
        """

    def end(self) -> str:
        """Kill it, if it lives, and say how it ended."""


class JobThread:
    """The thread that does the jobs.

    Args:
        jobs: what is to be done.
        start: starts a process that computes.
        say: told in one line of every job that is over.
    """

    def __init__(
        self, jobs: PictureQueue, start: Callable[[], Process], say: Callable[[str], object]
    ) -> None:
        self._jobs, self._start, self._say = jobs, start, say
        self._process: Process | None = None
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="srcore jobs", daemon=True)

    def begin(self) -> None:
        """Start, and have a process ready for the first job."""
        self._thread.start()

    def close(self) -> None:
        """Kill what computes and end."""
        self._closing = True
        self._thread.join()

    def _run(self) -> None:
        self._process = self._start()
        last = time.monotonic()
        try:
            while not self._closing:
                job = self._jobs.take(_SOON * 4)
                if job is not None:
                    self._do(job)
                    last = time.monotonic()
                elif time.monotonic() - last > IDLE:
                    self._end_process()
                self._jobs.drop_unwanted()
        finally:
            self._end_process()

    def _do(self, job: PictureJob) -> None:
        started = time.monotonic()
        self._process = self._process or self._start()
        try:
            self._process.give(job.order)
            while not job.is_over:
                if self._closing:
                    self._jobs.tell(job, state="canceled")
                changes = self._process.answer(_SOON)
                if changes:
                    self._jobs.tell(job, **changes)
                self._jobs.drop_unwanted()
        except (EOFError, OSError):
            how = self._end_process()
            self._jobs.tell(job, state="failed", message=f"{job.order.name}: {_died(how)}")
        if job.state == "canceled":
            self._end_process()
            self._jobs.clean(job)  # what was written until then
            if not self._closing:
                self._process = self._start()
        self._say(_line_about_job(job, time.monotonic() - started))

    def _end_process(self) -> str:
        process, self._process = self._process, None
        return "" if process is None else process.end()


def _died(how: str) -> str:
    return (
        f"the process that computes ended ({how}), as where memory is short; a smaller picture or "
        "--tile needs less"
    )


def _line_about_job(job: PictureJob, seconds: float) -> str:
    facts = job.facts
    if job.state == "failed":
        return one_line(job.message)
    size = f"{facts['width']}x{facts['height']} " if "width" in facts else ""
    made = f"to {facts['result_width']}x{facts['result_height']} " if job.state == "done" else ""
    return one_line(f"{job.order.name}: {size}{made}with {job.model}: {job.state}, {seconds:.1f} s")
