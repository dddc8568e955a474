"""A job on a cluster: tasks in the order of their sizes, dealt out to workers by Ray Data."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from srcore.errors import SrcoreError, first_line
from srcore.upscaling.batch import Result, Settings, sizes_by_headers
from srcore.upscaling.jobs import Task
from srplug_ray.cluster import Share
from srplug_ray.worker import (
    Conditions,
    RefusedJob,
    Upscaler,
    as_numbered_table,
    headers_measured,
    numbered_in,
)

if TYPE_CHECKING:
    from torch import nn

#: A worker gets so many files at a time, or fewer, so that each is asked about so often.
_LARGEST_CHUNK, _CHUNKS = 32, 8
#: Headers of more files than these are read by the cluster, so many at a time.
_FEW, _HEADERS = 5_000, 1_000


class RefusedJobError(SrcoreError):
    """A worker says that no file can be done."""


@attrs.frozen(kw_only=True)
class RayJob:
    """A job.

    Attributes:
        tasks: images to upscale; not empty.
        network: generator, in memory of the CPU.
        settings: how images are upscaled; without a registry.
        conditions: of all workers.
        share: what each of them gets.
        tell: called with notes.
    """

    tasks: Sequence[Task]
    network: nn.Module
    settings: Settings
    conditions: Conditions
    share: Share
    tell: Callable[[str], object]

    def results(self) -> Iterator[Result]:
        """Do it; each task has one result.

        Raises:
            RefusedJobError: no task can be done.
            SrcoreError: the cluster fails.
        """
        _silence_ray()
        tasks = _with_own_names(self.tasks) if self.conditions.resume else list(self.tasks)
        sizes = self._sizes(tasks)
        # Equal sizes come after one another, since some backends prepare themselves for each;
        # large ones first, so that no worker is late with one.
        left = dict.fromkeys(sorted(range(len(tasks)), key=lambda it: sizes[it], reverse=True))
        size = min(_LARGEST_CHUNK, max(1, len(tasks) // (_CHUNKS * self.share.workers)))
        # Of files whose worker ended again and again each is tried by itself: one may be the cause.
        for chunk in dict.fromkeys((size, 1)):
            numbered = [(number, tasks[number]) for number in left]
            for number, result in self._upscaled(numbered, chunk):
                if number in left:
                    del left[number]
                    yield result
        for number in left:
            task = tasks[number]
            reason = "its worker ended without a word, each time"
            yield Result(task, "failed", f"{task.source}: {reason}")

    def _sizes(self, tasks: Sequence[Task]) -> Sequence[tuple[int, int]]:
        """Heights and widths."""
        if len(tasks) <= _FEW:
            return sizes_by_headers(tasks)
        measuring = partial(headers_measured, place=self.conditions.place)
        sizes = dict(_answers_of_workers(list(enumerate(tasks)), _HEADERS, measuring))
        return [sizes.get(number, (0, 0)) for number in range(len(tasks))]

    def _upscaled(
        self, numbered: Sequence[tuple[int, Task]], chunk: int
    ) -> Iterator[tuple[int, Result]]:
        import ray

        if not numbered:
            return
        chunks = -(-len(numbered) // chunk)
        answers = _answers_of_workers(
            numbered,
            chunk,
            Upscaler,
            fn_constructor_kwargs={
                "conditions": self.conditions,
                "work": ray.put((self.network, self.settings)),
            },
            compute=ray.data.ActorPoolStrategy(
                size=min(self.share.workers, chunks), max_tasks_in_flight_per_actor=2
            ),
            num_cpus=self.share.cpus,
            num_gpus=self.share.gpus,
        )
        for number, answer in answers:
            if isinstance(answer, RefusedJob):
                error = RefusedJobError(answer.message)
                error.exit_code = answer.exit_code
                raise error
            if isinstance(answer, Result):
                yield number, answer
            else:
                self.tell(answer)


def _answers_of_workers(
    numbered: Sequence[tuple[int, Task]], chunk: int, function: Any, **how: Any
) -> Iterator[tuple[int, Any]]:
    """What a function says of tables of tasks, as it comes; each is a block of its own.

    Ray does what a killed worker was at once more, by another one.
    """
    import ray

    starts = range(0, len(numbered), chunk)
    blocks = [as_numbered_table(numbered[start : start + chunk]) for start in starts]
    try:
        answers = ray.data.from_arrow(blocks).map_batches(
            function, batch_size=chunk, batch_format="pyarrow", **how
        )
        for table in answers.iter_batches(batch_size=None, batch_format="pyarrow"):
            yield from numbered_in(table)
    except ray.exceptions.RayTaskError:  # a fault of ours, with all that there is to see
        raise
    except ray.exceptions.RayError as error:
        raise SrcoreError(f"Ray: {first_line(error)}") from error


def _silence_ray() -> None:
    """Ray Data says nothing by itself."""
    import ray

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)


def _with_own_names(tasks: Sequence[Task]) -> list[Task]:
    """Tasks whose second names nobody else has: workers do not know of one another's."""
    taken: set[Path | None] = {task.target for task in tasks}
    own = []
    for task in tasks:
        own.append(attrs.evolve(task, other=None) if task.other in taken else task)
        taken.add(task.other)
    return own
