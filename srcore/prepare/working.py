"""Work on many images, done by several processes, and what comes of it."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Protocol

import attrs
import cv2
from tqdm import tqdm

from srcore.machine.processes import end_with_parent


@attrs.define
class Report:
    """What a preparation did.

    Attributes:
        images: input images that were used.
        written: images that were written.
        too_small: input images that were left out because they are smaller than the crop.
        failed: input images that could not be used, with the reason.
    """

    images: int = 0
    written: int = 0
    too_small: list[str] = attrs.field(factory=list)
    failed: list[str] = attrs.field(factory=list)

    def add(self, other: Report) -> None:
        """Count another report's images too."""
        self.images += other.images
        self.written += other.written
        self.too_small += other.too_small
        self.failed += other.failed


class Job(Protocol):
    """Work on one image or shard, done in a process of its own."""

    def __call__(self) -> Report:
        """Do the work.

        Raises:
            DataError: a file cannot be written.
        """
        ...


def do_all(jobs: Sequence[Job], workers: int, label: str, unit: str = "image") -> Report:
    """Do all jobs and count what they did; label and unit stand at the progress bar."""
    report = Report()
    for outcome in tqdm(_outcomes(jobs, workers), total=len(jobs), desc=label, unit=unit):
        report.add(outcome)
    return report


def _outcomes(jobs: Sequence[Job], workers: int) -> Iterator[Report]:
    workers = min(workers, len(jobs))
    if workers <= 1:
        yield from (job() for job in jobs)
        return
    # Spawned, because forking a process in which OpenCV or torch have threads may hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_begin_worker) as pool:
        yield from pool.map(_do, jobs)


def _do(job: Job) -> Report:
    return job()


def _begin_worker() -> None:
    end_with_parent()
    os.environ["OMP_NUM_THREADS"] = "1"
    cv2.setNumThreads(1)
