"""What a process does of a job of `srcore upscale`: all, or what others leave to it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, NoReturn

import attrs
from tqdm import tqdm

from srcore.cli.console import say
from srcore.cli.films import upscale_with_bars
from srcore.cli.sharing import queue_of
from srcore.cli.upscale_plan import refuse_occupied
from srcore.cli.upscale_results import say_rates
from srcore.files.replacing import refuse_replacing
from srcore.films.options import FilmOptions
from srcore.films.parts import FilmParts, parts_folder, refuse_parts
from srcore.machine.processes import rank, world_size
from srcore.machine.terminal import on_terminal
from srcore.upscaling.batch import Result, Settings, pixels_of, upscale_files
from srcore.upscaling.failure_report import FailureReport
from srcore.upscaling.inputs import files_of_inputs
from srcore.upscaling.jobs import Task
from srcore.upscaling.resuming import taken_up
from srcore.upscaling.shared_job import SharedJob, Totals, totals
from srcore.upscaling.shared_queue import SharedQueue

if TYPE_CHECKING:
    from torch import nn

#: From so many results on, how fast a process made them is said.
_MANY = 100
#: Seconds between two looks at what other processes have done.
_BETWEEN_LOOKS = 1.0


@attrs.define
class Outcome:
    """What became of a job.

    Attributes:
        results: of this process.
        of_all: of all processes, where several share the files.
        began: when this process began.
    """

    results: list[Result] = attrs.field(factory=list)
    of_all: Totals | None = None
    began: float = attrs.field(factory=time.perf_counter)

    @property
    def has_failures(self) -> bool:
        """Whether a file failed, of whichever process."""
        own = Counter(result.status for result in self.results)
        return bool(own["failed"] or (self.of_all and self.of_all.counts["failed"]))

    def say_rates(self, *, is_asked: bool) -> None:
        """Say what all processes have done; of one alone, how fast, if it was much.

        Args:
            is_asked: the processes were not started together, so each says it.
        """
        if self.of_all is not None:
            if is_asked or not rank():
                _say_of_the_job(f"all processes: {self.of_all}")
            return
        say_rates(self.results, self.began, from_many=_MANY)


@attrs.frozen(kw_only=True)
class UpscaleJob:
    """A job of the command.

    Attributes:
        network: generator on its device.
        tasks: all of the job, films last.
        unreadable: what failed already.
        settings: how images and frames are upscaled.
        films: how films are read and written.
        report: of failures.
        resume: go on with what earlier jobs have done.
        overwrite: replace it.
        shared: other processes take part that torchrun did not start.
        quiet: no bars.
    """

    network: nn.Module
    tasks: list[Task]
    unreadable: list[Result]
    settings: Settings
    films: FilmOptions
    report: FailureReport
    resume: bool
    overwrite: bool
    shared: bool
    quiet: bool

    def results(self, use: object, outcome: Outcome) -> Generator[Result, None, None]:
        """Do it.

        Args:
            use: of weights; processes that use others have another job.
            outcome: gets what became of it.
        """
        refuse_replacing(files_of_inputs(task.source for task in self.tasks), self.report.files)
        outcome.results += [] if rank() else self.unreadable
        how = (use, attrs.evolve(self.settings, registry=None), self.films)
        begin = partial(self._begin, self.tasks)
        with queue_of(self.tasks, how, begin, is_asked=self.shared) as queue:
            for result in self._alone() if queue is None else self._together(queue):
                self.report.add([result])
                outcome.results.append(result)
                yield result
            outcome.of_all = None if queue is None else totals(queue)

    def _begin(self, tasks: Sequence[Task], *, is_first: bool = True) -> None:
        if not (self.resume or self.overwrite):
            refuse_occupied(tasks, self.report)
            for task in tasks:
                if task.is_film:
                    refuse_parts(FilmParts(parts_folder(task.target)))
        if is_first:
            self.report.begin()
            self.report.add(self.unreadable)

    def _alone(self) -> Iterator[Result]:
        tasks = self.tasks[rank() :: world_size()]
        if len(tasks) < len(self.tasks) and not self.quiet:
            _say_of_the_job(
                f"process {rank()} of {world_size()} takes {len(tasks)} of {len(self.tasks)} images"
            )
        self._begin(tasks, is_first=not rank())
        if self.resume:
            job = taken_up(tasks, _say_of_the_job)
            yield from job.results
            tasks = job.left
        yield from self._images_with_bar([task for task in tasks if not task.is_film])
        yield from self._films([task for task in tasks if task.is_film], resume=self.resume)

    def _together(self, queue: SharedQueue) -> Iterator[Result]:
        job = SharedJob(
            queue=queue,
            tasks=self.tasks,
            images=self._images,
            # One that was begun and not finished is that of a killed process.
            films=partial(self._films, resume=not self.overwrite),
            resume=self.resume,
            tell=_say_of_the_job,
        )
        looked = time.monotonic()
        with self._bar(len(self.tasks), "file") as bar:
            for result in job.results():
                yield result
                if not bar.disable and time.monotonic() - looked > _BETWEEN_LOOKS:
                    looked = time.monotonic()
                    bar.update(totals(queue).finished - bar.n)

    def _images(self, tasks: list[Task]) -> Iterator[Result]:
        return upscale_files(self.network, tasks, self.settings, lambda done: None)

    def _images_with_bar(self, tasks: list[Task]) -> Iterator[Result]:
        if any(task.source.is_far for task in tasks):  # nobody knows their sizes
            with self._bar(len(tasks), "file") as bar:
                for result in self._images(tasks):
                    bar.update()
                    yield result
            return
        with self._bar(sum(pixels_of(tasks)), "px", unit_scale=True) as bar:
            results = upscale_files(self.network, tasks, self.settings, bar.update)
            for number, result in enumerate(results, 1):
                bar.set_postfix_str(f"{number}/{len(tasks)} files", refresh=False)
                yield result

    def _films(self, tasks: list[Task], *, resume: bool) -> Iterator[Result]:
        return upscale_with_bars(
            self.network,
            tasks,
            self.settings,
            self.films,
            resume=resume,
            overwrite=self.overwrite,
            quiet=self.quiet,
        )

    def _bar(self, total: int, unit: str, *, unit_scale: bool = False) -> tqdm[NoReturn]:
        return tqdm(total=total, unit=unit, unit_scale=unit_scale, **on_terminal(quiet=self.quiet))


def _say_of_the_job(line: str) -> None:
    say(f"srcore: {line}", err=True)
