"""A file for every image: shared out to processes, stopped by signals, made anew if outdated."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from ignite import distributed as idist
from tqdm import tqdm

from srcore.files.atomic import write_bytes
from srcore.files.deleting import delete_known
from srcore.machine.terminal import on_terminal

if TYPE_CHECKING:
    from srcore.engine.run import Run

T = TypeVar("T")
#: In the folder of a task: what has made its files.
NOTE = "weights.sha256"

logger = logging.getLogger("srcore")


def own_share(
    work: Sequence[T], is_done: Callable[[T], bool], label: str, run: Run | None = None
) -> Iterator[T]:
    """What this process has to do of the work of all, with a bar on the main one.

    Who does what does not depend on what is done: others begin while this one is still looking.

    Args:
        work: all pieces, the same in all processes.
        is_done: whether a piece was done before.
        label: what they make, such as ``"low-resolution images"``.
        run: the stage; None: a command, which signals end at once.

    Raises:
        Interrupted: between two pieces, a signal came.
    """
    own = work[idist.get_rank() :: idist.get_world_size()]
    todo = [piece for piece in own if not is_done(piece)]
    if len(todo) < len(own):
        logger.info("%s: %d of %d are there already", label, len(own) - len(todo), len(own))
    is_main, quiet = (run.is_main, run.quiet) if run is not None else (True, False)
    bar = on_terminal(quiet=quiet or not is_main)
    step = max(1, math.ceil(len(todo) / 10))
    for number, piece in enumerate(tqdm(todo, desc=label, unit="image", **bar)):
        if run is not None:
            run.stop_if_requested(f"{number} of {len(todo)} images")
        yield piece
        if bar["disable"] and is_main and (number + 1) % step == 0:
            logger.info("%s: %d of %d images", label, number + 1, len(todo))


def wait_for_all() -> None:
    """Go on when all processes are here."""
    if idist.get_world_size() > 1:
        idist.barrier()


def delete_outdated(
    run: Run, made_by: str, results: Sequence[str], patterns: Sequence[str]
) -> None:
    """Delete what other weights or settings have made; all processes call it, and wait.

    Args:
        run: the stage, in whose folder the results are.
        made_by: what decides what the results are, such as the hash of the weights
            (:func:`srcore.files.hashing.sha256_of`); kept in ``weights.sha256``.
        results: names of folders of results.
        patterns: files that are results, such as ``"*.png"``; others are never deleted.

    Raises:
        DataError: something else is in those folders.
    """
    note = run.folder / NOTE
    if run.is_main and not (note.is_file() and note.read_text("ascii") == made_by):
        for name in results:
            if (run.folder / name).exists():
                delete_known(run.folder / name, tuple(patterns), writer="the stage", last="")
        write_bytes(note, made_by.encode("ascii"))
    wait_for_all()
