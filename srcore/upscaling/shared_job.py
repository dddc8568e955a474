"""A job that several processes share: what each of them does, and what all have done."""

from __future__ import annotations

import hashlib
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import attrs
import numpy as np

from srcore.files.atomic import delete_leftovers
from srcore.upscaling.batch import Result, pixels_of
from srcore.upscaling.jobs import Task
from srcore.upscaling.rates import rates_in_words
from srcore.upscaling.resuming import left_since
from srcore.upscaling.shared_queue import SharedQueue

#: What becomes of a file, by the number in the queue: this, and the pixels of the result.
_STATUSES = ("open", "done", "skipped", "failed")
_BITS = 2

#: Upscales images, and films.
TaskWork = Callable[[list[Task]], Iterable[Result]]


def films_last(tasks: Iterable[Task]) -> list[Task]:
    """Films after the images, as without a queue."""
    return sorted(tasks, key=lambda task: task.is_film)


def queue_file(tasks: Sequence[Task], how: object) -> Path:
    """The queue of a job: hidden, in the folder of the first result.

    Args:
        tasks: all of the job; not empty.
        how: what else makes it another job, with a representation that says so.
    """
    digest = hashlib.sha256(str(how).encode(errors="surrogateescape"))
    for task in tasks:
        digest.update(os.fsencode(str(task.source)) + b"\0" + os.fsencode(task.target) + b"\0")
    return tasks[0].target.parent / f".srcore-queue-{digest.hexdigest()[:16]}"


@attrs.frozen
class Totals:
    """What all processes have done.

    Attributes:
        counts: of files, by status.
        pixels: of results that were made.
        seconds: since the job began.
    """

    counts: Counter[str]
    pixels: int
    seconds: float

    @property
    def finished(self) -> int:
        """Number of files that are not open any more."""
        return self.counts.total() - self.counts["open"]

    def __str__(self) -> str:
        words = [f"{self.counts[it]} {it}" for it in _STATUSES if self.counts[it]]
        rates = rates_in_words(self.counts["done"], self.pixels, self.seconds)
        return f"{', '.join(words)}; {rates}"


def totals(queue: SharedQueue) -> Totals:
    """What all processes have done until now."""
    numbers = queue.numbers()
    of_each = np.bincount((numbers & np.uint64(2**_BITS - 1)).astype(np.int64), minlength=4)
    counts = Counter(dict(zip(_STATUSES, of_each.tolist(), strict=True)))
    pixels = int((numbers >> np.uint64(_BITS)).sum())
    return Totals(counts, pixels, max(1e-9, time.time() - queue.began / 1e9))


@attrs.frozen(kw_only=True)
class SharedJob:
    """A job, for one process of it.

    Attributes:
        queue: as long as the tasks.
        tasks: all of the job, see :func:`films_last`.
        images: upscales images.
        films: upscales films.
        resume: whether results of earlier jobs count.
        tell: called with notes.
    """

    queue: SharedQueue
    tasks: Sequence[Task]
    images: TaskWork
    films: TaskWork
    resume: bool
    tell: Callable[[str], object]

    def results(self) -> Iterator[Result]:
        """Do what other processes have not done or begun, until nothing is left."""
        numbers = {task.source: number for number, task in enumerate(self.tasks)}
        targets = {task.target for task in self.tasks} if self.resume else set()
        for claim in self.queue.claims():
            for result in self._done([self.tasks[number] for number in claim], targets):
                # What is made, and told, comes first: a process that is killed in between has its
                # file looked at again, not lost.
                yield result
                height, width = result.size or (0, 0)
                number = height * width << _BITS | _STATUSES.index(result.status)
                self.queue.note(numbers[result.task.source], number)
        for folder in {task.target.parent for task in self.tasks}:
            delete_leftovers(folder)  # of processes that were killed in the meantime

    def _done(self, tasks: Sequence[Task], targets: set[Path]) -> Iterator[Result]:
        job = left_since(tasks, self.queue.began, self.tell, resume=self.resume, wanted=targets)
        yield from job.results
        left = job.left
        images = [task for task in left if not task.is_film]
        pixels = dict(zip(images, pixels_of(images), strict=True))
        # Equal sizes come after one another: some backends prepare themselves for each.
        yield from self.images(sorted(images, key=pixels.__getitem__))
        yield from self.films([task for task in left if task.is_film])
