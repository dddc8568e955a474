"""What `srcore upscale` shows and refuses of films."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import attrs
import click

from srcore.cli.console import say
from srcore.films.options import FilmOptions
from srcore.machine.terminal import on_terminal

if TYPE_CHECKING:
    from torch import nn

    from srcore.cli.writing import WritingFlags
    from srcore.upscaling.batch import Result, Settings
    from srcore.upscaling.film_job import FilmJob
    from srcore.upscaling.jobs import Plan, Task


def refuse_unused(planned: Plan, writing: WritingFlags) -> None:
    """Refuse what was given for images or films where there are none."""
    context = click.get_current_context()
    is_film = {task.is_film for task in planned.tasks}
    of_images = ["format", "frames", *writing.values]
    of_films = [field.name for field in attrs.fields(FilmOptions)]
    unused = (of_films if is_film == {False} else of_images) if len(is_film) == 1 else []
    default = (click.core.ParameterSource.DEFAULT, None)
    given = [name for name in unused if context.get_parameter_source(name) not in default]
    if given:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        kinds = ("images", "a film") if is_film == {True} else ("films", "an image")
        raise click.UsageError(f"{names}: of {kinds[0]} only; every input is {kinds[1]}")


def upscale_with_bars(
    network: nn.Module,
    tasks: list[Task],
    settings: Settings,
    options: FilmOptions,
    *,
    resume: bool,
    overwrite: bool,
    quiet: bool,
) -> Iterator[Result]:
    """Upscale films with a bar for each: frames done, and when it will be finished."""
    from tqdm import tqdm

    from srcore.upscaling.film_batch import Handling, upscale_films

    @contextlib.contextmanager
    def watch(job: FilmJob) -> Iterator[Callable[[int], object]]:
        with tqdm(
            total=job.film.frame_count or None,
            unit="frame",
            desc=job.film.path.name,
            **on_terminal(quiet=quiet),
        ) as bar:
            yield bar.update

    def tell(line: str) -> None:
        say(f"srcore: {line}", err=True)

    handling = Handling(resume=resume, overwrite=overwrite)
    yield from upscale_films(network, tasks, settings, options, handling, watch=watch, tell=tell)
