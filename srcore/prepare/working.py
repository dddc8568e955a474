"""Work on many images, done by several processes, and what comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import attrs
from tqdm import tqdm

from srcore.machine.process_pool import ProcessPool


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
    """Do all jobs and count what they did; label and unit stand at the progress bar.

    Raises:
        LostProcessError: a process was killed, or has crashed.
    """
    report = Report()
    with ProcessPool(min(workers, len(jobs)), None) as pool:
        for outcome in tqdm(pool.each(_do, jobs), total=len(jobs), desc=label, unit=unit):
            report.add(outcome)
    return report


def _do(nothing: None, job: Job) -> Report:
    return job()
