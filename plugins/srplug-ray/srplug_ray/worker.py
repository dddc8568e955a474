"""What happens in the workers of a cluster: tasks come as tables of pickles, and so do results."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import attrs
import pyarrow as pa

from srcore.errors import SrcoreError
from srcore.machine.devices import pick_device
from srcore.plugin.registry import Registry
from srcore.upscaling.batch import sizes_by_headers, upscale_files
from srcore.upscaling.resuming import left_since
from srplug_ray.place import MeetingPlace


@attrs.frozen
class RefusedJob:
    """Why no task can be done at all.

    Attributes:
        message: one line.
        exit_code: of the command.
    """

    message: str
    exit_code: int


@attrs.frozen(kw_only=True)
class Conditions:
    """What all workers of a job have in common.

    Attributes:
        place: where it happens.
        environment: variables by which they have the plugins of the command.
        registry: gives that of the process that asks.
        threads: that each computes on.
        device: that each computes on.
        resume: whether results of earlier jobs count.
    """

    place: MeetingPlace
    environment: Mapping[str, str]
    registry: Callable[[], Registry]
    threads: int
    device: str
    resume: bool


#: So often those who took the place of killed workers try what these were at.
_TRIES = 2


class Upscaler:
    """Upscales the images of a table; of one that killed several workers nothing is said.

    Args:
        conditions: of the job.
        work: reference of the network and the settings in Ray's memory.
    """

    def __init__(self, conditions: Conditions, work: Any) -> None:
        import ray
        import torch

        self._conditions = conditions
        self._refusal: RefusedJob | None = None
        self._is_substitute = ray.get_runtime_context().was_current_actor_reconstructed
        torch.set_num_threads(conditions.threads)
        os.environ.update(conditions.environment)
        try:
            conditions.place.enter()
            registry = conditions.registry()  # before its classes, such as networks, are unpickled
            network, settings = ray.get(work)
            self._network = network.to(pick_device(conditions.device))
            self._settings = attrs.evolve(settings, registry=registry)
        except SrcoreError as error:
            self._refusal = RefusedJob(str(error), error.exit_code)

    def __call__(self, table: pa.Table) -> pa.Table:
        """A table of what became of the tasks, of notes, and of what refuses the job."""
        if self._refusal is not None:
            return as_numbered_table([(-1, self._refusal)])
        numbered = numbered_in(table)
        numbers = {task.source: number for number, task in numbered}
        tasks = [task for _, task in numbered]
        place, work = self._conditions.place, f"{len(tasks)} from {numbered[0][0]}"
        if self._is_substitute and place.tries(work) >= _TRIES:
            return as_numbered_table([])
        notes: list[str] = []
        job = left_since(
            tasks,
            place.began,
            notes.append,
            resume=self._conditions.resume,
        )
        answers: list[tuple[int, object]] = [
            *((-1, note) for note in notes),
            *((numbers[result.task.source], result) for result in job.results),
        ]
        try:
            results = upscale_files(self._network, job.left, self._settings, lambda done: None)
            answers.extend((numbers[result.task.source], result) for result in results)
        except SrcoreError as error:  # of all files alike
            answers.append((-1, RefusedJob(str(error), error.exit_code)))
        return as_numbered_table(answers)


def headers_measured(table: pa.Table, place: MeetingPlace) -> pa.Table:
    """A table of the sizes of images by their headers."""
    place.enter()
    numbers, tasks = zip(*numbered_in(table), strict=True)
    return as_numbered_table(zip(numbers, sizes_by_headers(tasks), strict=True))


def as_numbered_table(numbered: Iterable[tuple[int, object]]) -> pa.Table:
    """Numbers and what belongs to them as a table."""
    pairs = list(numbered)
    return pa.table(
        {
            "number": pa.array([number for number, _ in pairs], pa.int64()),
            "pickle": pa.array([pickle.dumps(it) for _, it in pairs], pa.large_binary()),
        }
    )


def numbered_in(table: pa.Table) -> Sequence[tuple[int, Any]]:
    """What :func:`as_numbered_table` made a table of."""
    columns = table["number"].to_pylist(), table["pickle"].to_pylist()
    return [(number, pickle.loads(it)) for number, it in zip(*columns, strict=True)]
