"""What of a job is done already, known by what the results say of their origin."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import attrs

from srcore.errors import SrcoreError, line_about
from srcore.films.parts import delete_finished
from srcore.images import Origin, origin_of, read_header
from srcore.upscaling.background import in_background
from srcore.upscaling.batch import Result
from srcore.upscaling.inputs import InputImage
from srcore.upscaling.jobs import Task


@attrs.define
class Resumed:
    """A job that goes on.

    Attributes:
        results: tasks that are done, or cannot be done without replacing another's result.
        left: tasks to do.
        notes: results that get other names than expected.
    """

    results: list[Result] = attrs.field(factory=list)
    left: list[Task] = attrs.field(factory=list)
    notes: list[str] = attrs.field(factory=list)


def resumed(tasks: Sequence[Task], wanted: set[Path] | None = None) -> Resumed:
    """Sort out what is done: an output counts if it was made from the task's input.

    One that does not say where it comes from counts too. If it was made from another input, the
    result gets the name by which equal names are told apart, or the task fails.

    Args:
        tasks: what to look at.
        wanted: the targets of the whole job, if these are a part of it; the names that are used
            instead are added.
    """
    job = Resumed()
    wanted = {task.target for task in tasks} if wanted is None else wanted
    for task, look in _looks(tasks):
        origins, digest = look
        made = [path for path, origin in origins.items() if origin and origin.digest == digest]
        there = origins[task.target]
        if made:
            job.results.append(Result(attrs.evolve(task, target=made[0]), "skipped"))
        elif not os.path.exists(task.target):
            job.left.append(task)
        elif there is None:
            job.results.append(Result(task, "skipped"))
        elif _is_free(task.other, wanted) and there.name != task.source.path.name:
            assert task.other is not None
            wanted.add(task.other)
            job.notes.append(f"{task.target} was made from {there.name}: using {task.other}")
            job.left.append(attrs.evolve(task, target=task.other))
        elif isinstance(digest, Exception):
            job.results.append(Result(task, "failed", line_about(task.source, digest)))
        else:
            job.results.append(_made_of_another(task, there))
    return job


def taken_up(
    tasks: Sequence[Task], tell: Callable[[str], object], wanted: set[Path] | None = None
) -> Resumed:
    """As :func:`resumed`; what is noted is told, and parts of finished films are deleted.

    Args:
        tasks: what to look at.
        tell: called with notes.
        wanted: see there.
    """
    job = resumed(tasks, wanted)
    for result in job.results:
        if result.task.is_film and result.status == "skipped":
            delete_finished(result.task.target)
    for note in job.notes:
        tell(note)
    return job


def left_since(
    tasks: Sequence[Task],
    began: int,
    tell: Callable[[str], object],
    *,
    resume: bool,
    wanted: set[Path] | None = None,
) -> Resumed:
    """What is left of tasks of a job that others may have begun, and have been killed at.

    Args:
        tasks: what to look at.
        began: when the job began, by the clock of the file system, in nanoseconds; what is younger
            was made by it.
        tell: called with notes.
        resume: whether results of earlier jobs count, too.
        wanted: see :func:`resumed`.
    """
    made = [_made_since(task, began) for task in tasks]
    left = [task for task, result in zip(tasks, made, strict=True) if result is None]
    job = taken_up(left, tell, wanted) if resume else Resumed(left=left)
    return attrs.evolve(job, results=[*(it for it in made if it is not None), *job.results])


def _made_since(task: Task, began: int) -> Result | None:
    """What a process of this job made that was killed before it could say so."""
    try:
        if os.stat(task.target).st_mtime_ns < began:
            return None
        if task.is_film:
            delete_finished(task.target)
            return Result(task, "done")
        header = read_header(task.target)
    except (OSError, SrcoreError):
        return None
    return Result(task, "done", size=(header.width, header.height))


def _is_free(path: Path | None, wanted: set[Path]) -> bool:
    return path is not None and path not in wanted and not os.path.exists(path)


def _made_of_another(task: Task, origin: Origin) -> Result:
    another = "another file " if origin.name == task.source.path.name else ""
    return Result(
        task,
        "failed",
        f"{task.source}: the output was made from another input: {task.target} from {another}"
        f"{origin.name}; --overwrite replaces it, another --output keeps it",
    )


#: What the outputs that are there say of their origin, and the digest of the input, or why none.
_Look = tuple[dict[Path, Origin | None], str | Exception | None]


def _looks(tasks: Sequence[Task]) -> Iterator[tuple[Task, _Look]]:
    """In the order of the tasks; inputs that are far are asked several at a time."""
    if not any(task.source.is_far for task in tasks):
        yield from ((task, _look(task)) for task in tasks)
        return
    with contextlib.closing(in_background(_look, tasks)) as looks:
        yield from ((task, look.result()) for task, look in zip(tasks, looks, strict=True))


def _look(task: Task) -> _Look:
    origins = {path: _origin_if_any(path) for path in (task.target, task.other) if path}
    return origins, _digest(task.source) if any(origins.values()) else None


def _digest(source: InputImage) -> str | Exception:
    try:
        return source.origin().digest
    except (OSError, ValueError, SrcoreError) as error:
        return error


def _origin_if_any(path: Path) -> Origin | None:
    try:
        return origin_of(path)
    except (OSError, ValueError):
        return None
