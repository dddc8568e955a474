"""What a command that enlarges files tells of them, and of its interruption."""

from __future__ import annotations

import contextlib
import json
import signal
import time
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import TYPE_CHECKING

from srcore.cli.console import say
from srcore.errors import Interrupted
from srcore.machine.processes import rank, world_size

if TYPE_CHECKING:
    from srcore.upscaling.batch import Result

_INTERRUPTED = "interrupted; finished files are complete, --resume does the others"


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Say what is left when the block is interrupted, by Ctrl-C or by ``kill``.

    Raises:
        Interrupted: SIGINT or SIGTERM came.
    """
    previous = signal.signal(signal.SIGTERM, _stop)
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(signal.SIGINT, _INTERRUPTED) from None
    finally:
        signal.signal(signal.SIGTERM, previous)


def _stop(number: int, frame: FrameType | None) -> None:
    raise Interrupted(number, _INTERRUPTED)


def say_result(result: Result, *, says_paths: bool) -> None:
    """Say what became of a file: its path on standard output, all else on standard error.

    Args:
        result: of the file.
        says_paths: whether paths are said; not with ``--json``.
    """
    if result.note:
        say(f"srcore: {result.note}", err=True)
    if result.status == "failed":
        say(f"srcore: {result.message}", err=True)
    elif says_paths and result.status == "done":
        say(str(result.task.target))


def say_results(results: Sequence[Result], *, as_json: bool) -> None:
    """Say what became of all files.

    Args:
        results: of this process.
        as_json: on standard output, each of them; else how many, on standard error.
    """
    from srcore.upscaling.batch import counts_in_words, lost_by_results

    counts = {
        status: sum(result.status == status for result in results)
        for status in ("done", "skipped", "failed")
    }
    if as_json:
        files = [result.as_dict() for result in results]
        say(json.dumps({**counts, "files": files}, indent=2))
    if names := lost_by_results(results):
        say(f"srcore: not kept, with numbers of files: {names}", err=True)
    if len(results) > 1 or counts["failed"]:
        process = f"process {rank()} of {world_size()}: " if world_size() > 1 else ""
        say(f"srcore: {process}{counts_in_words(results)}", err=True)


def say_rates(results: Sequence[Result], began: float, *, from_many: int = 1) -> None:
    """Say how fast results were made.

    Args:
        results: of the job.
        began: by ``time.perf_counter()``.
        from_many: fewer results say nothing.
    """
    from srcore.upscaling.rates import rates_in_words

    sizes = [it.size for it in results if it.status == "done" and it.size]
    if len(sizes) >= from_many:
        pixels = sum(height * width for width, height in sizes)
        rates = rates_in_words(len(sizes), pixels, time.perf_counter() - began)
        say(f"srcore: {rates}", err=True)
