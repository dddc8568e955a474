"""The queue of `srcore upscale`, where several processes share the files."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from srcore.cli.console import say
from srcore.errors import DataError
from srcore.machine.processes import rank, world_size

if TYPE_CHECKING:
    from srcore.upscaling.jobs import Task
    from srcore.upscaling.shared_queue import SharedQueue


@contextlib.contextmanager
def queue_of(
    tasks: Sequence[Task], how: object, begin: Callable[[], object], *, is_asked: bool
) -> Iterator[SharedQueue | None]:
    """The queue of a job that several processes do; None where this one does all, or a fixed part.

    Args:
        tasks: all of the job.
        how: what else makes it another job.
        begin: called once in the job, before it begins.
        is_asked: whether the user said that others take part; torchrun says so, too.

    Raises:
        SharingError: there is no way to share, though the user asked for it.
        DataError: the folder of the results cannot be written.
    """
    from srcore.upscaling.shared_job import queue_file
    from srcore.upscaling.shared_queue import SharingError, taking_part

    seats = world_size() if world_size() > 1 else 0
    if not tasks or not (is_asked or seats):
        yield None
        return
    file = queue_file(tasks, how)
    queue = None
    with contextlib.ExitStack() as stack:
        try:
            queue = stack.enter_context(
                taking_part(file, len(tasks), begin, seat=rank(), seats=seats)
            )
        except SharingError as error:
            if is_asked:
                raise
            if rank() == 0:
                say(f"srcore: {error}: every process takes a fixed part", err=True)
        except OSError as error:
            raise DataError(
                f"{file.parent}: cannot be written: {error.strerror or error}"
            ) from error
        yield queue
