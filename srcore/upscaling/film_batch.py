"""Many films: bad ones are reported and the others go on, as with images."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import attrs
from torch import nn

from srcore.errors import Interrupted, line_about
from srcore.films.encoding import UnfitOptionsError
from srcore.films.library import import_av
from srcore.films.options import FilmOptions
from srcore.films.parts import FilmParts, parts_folder, refuse_parts
from srcore.inference.backends.backend import BackendError
from srcore.upscaling.batch import Result, Settings
from srcore.upscaling.film_job import FilmJob
from srcore.upscaling.jobs import Task

#: Shows how far a film is: gets it, gives what is called with numbers of finished frames.
Watch = Callable[[FilmJob], AbstractContextManager[Callable[[int], object]]]


@attrs.frozen(kw_only=True)
class Handling:
    """What happens to films of which parts are there already.

    Attributes:
        resume: go on with them.
        overwrite: begin anew.
    """

    resume: bool = False
    overwrite: bool = False


def upscale_films(
    network: nn.Module,
    tasks: Sequence[Task],
    settings: Settings,
    options: FilmOptions,
    handling: Handling,
    *,
    watch: Watch,
    tell: Callable[[str], object],
) -> Iterator[Result]:
    """Upscale films one after the other.

    Those that cannot be upscaled or written fail before the first one is begun.

    Args:
        network: generator on its device.
        tasks: what to do.
        settings: how frames are upscaled.
        options: how films are read and written.
        handling: of films that were begun.
        watch: shows progress.
        tell: called with lines about damage.

    Raises:
        MissingExtraError: PyAV is not installed.
        SrcoreError: options that do not go together, parts that nobody asked to go on with.
    """
    if not tasks:
        return
    import_av()
    if not (handling.resume or handling.overwrite):
        for task in tasks:
            refuse_parts(FilmParts(parts_folder(task.target)))
    planned: list[FilmJob] = []
    for task in tasks:
        try:
            planned.append(
                FilmJob.plan(network, Path(task.source.path), task.target, settings, options)
            )
        except (Interrupted, UnfitOptionsError):
            raise
        except Exception as error:  # whatever it is, the other films are done
            yield Result(task, "failed", line_about(task.source, error))
    for job in planned:
        yield _result(job, handling, watch, tell)


def _result(
    job: FilmJob, handling: Handling, watch: Watch, tell: Callable[[str], object]
) -> Result:
    started = time.perf_counter()
    task = Task(job.film.path, job.target)
    try:
        with watch(job) as progress:
            job.run(progress, tell, resume=handling.resume, overwrite=handling.overwrite)
    except (Interrupted, BackendError):  # the latter of all films alike
        raise
    except Exception as error:  # whatever it is, the other films are done
        return Result(task, "failed", line_about(task.source, error))
    return Result(
        task,
        "done",
        size=(job.encoding.width, job.encoding.height),
        seconds=time.perf_counter() - started,
        note=f"{task.source}: {'; '.join(job.notes)}" if job.notes else "",
    )
