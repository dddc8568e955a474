"""Pictures that are to be enlarged: one at a time, the others wait, and nothing stays for long."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import attrs

from srcore.errors import SrcoreError

PictureState = Literal[
    "arriving", "waiting", "preparing", "upscaling", "done", "failed", "canceled"
]

#: Seconds after which a job goes about which nobody has asked: whoever wanted it has gone.
PATIENCE = 600.0
#: Most results that are kept until somebody fetches them.
KEPT = 16


class QueueFullError(SrcoreError):
    """As many pictures wait as may."""


@attrs.frozen(kw_only=True)
class PictureOrder:
    """What is to be done, as it is handed to the process that computes.

    Attributes:
        name: of the picture, for messages.
        source: its file.
        target: file of the result.
        viewable: file for the picture as a browser shows it; None: the browser shows its own.
        weights: file or address of the model.
        fetch: whether the model may be fetched.
        scale: output side / input side; None: that of the model.
    """

    name: str
    source: Path
    target: Path
    viewable: Path | None
    weights: str
    fetch: bool = False
    scale: float | None = None


@attrs.define(kw_only=True)
class PictureJob:
    """A picture on its way.

    Attributes:
        id: that nobody can guess.
        model: what people call the model.
        order: what is to be done.
        state: how far it is.
        share: how much of it is done, 0 to 1.
        message: why it failed, one line.
        facts: what is told of it, such as sizes and notes.
        asked: when somebody has last asked about it, seconds of the process's clock.
    """

    id: str
    model: str
    order: PictureOrder
    state: PictureState = "arriving"
    share: float = 0.0
    message: str = ""
    facts: dict[str, Any] = attrs.field(factory=dict)
    asked: float = attrs.field(factory=time.monotonic)

    @property
    def is_over(self) -> bool:
        """Whether nothing happens to it any more."""
        return self.state in ("done", "failed", "canceled")


class PictureQueue:
    """All jobs of a server; every method may be called by any thread.

    Args:
        folder: for their files; one folder each.
        most: how many may wait.
    """

    def __init__(self, folder: Path, most: int) -> None:
        self._folder, self._most = folder, most
        self._jobs: dict[str, PictureJob] = {}  # in the order in which they are done
        self._changed = threading.Condition()

    def begin(self, model: str, order_in: Callable[[Path], PictureOrder]) -> PictureJob:
        """A job whose picture arrives; it waits for its turn after :meth:`put`.

        Raises:
            QueueFullError: as many wait as may.
        """
        with self._changed:
            unfinished = sum(not job.is_over for job in self._jobs.values())
            if unfinished > self._most:
                raise QueueFullError(
                    f"{unfinished} pictures are to be enlarged already; try again when one is done"
                )
            id = secrets.token_urlsafe(12)
            folder = self._folder / id
            folder.mkdir(mode=0o700)
            job = self._jobs[id] = PictureJob(id=id, model=model, order=order_in(folder))
            return job

    def put(self, job: PictureJob) -> None:
        """The picture is there: let the job wait for its turn."""
        with self._changed:
            if job.state == "arriving":
                job.state = "waiting"
            self._changed.notify_all()

    def take(self, seconds: float) -> PictureJob | None:
        """The next one, whose turn it is now; None if there is none for some seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._first() is not None, seconds)
            job = self._first()
            if job is not None:
                job.state = "preparing"
            return job

    def tell(self, job: PictureJob, **changes: Any) -> None:
        """Change attributes of a job, unless it was canceled meanwhile."""
        with self._changed:
            if not job.is_over:
                for name, value in changes.items():
                    setattr(job, name, value)
            over = [it for it in self._jobs.values() if it.state == "done"]
        if job.is_over:
            _delete(job.order.source)
        for old in over[:-KEPT]:
            self.drop(old.id)

    def ask(self, id: str) -> PictureJob | None:
        """A job, which somebody still wants; None if there is none."""
        with self._changed:
            job = self._jobs.get(id)
            if job is not None:
                job.asked = time.monotonic()
            return job

    def before(self, job: PictureJob) -> int:
        """How many jobs come before one that waits."""
        with self._changed:
            ids = list(self._jobs)
            ahead = ids[: ids.index(job.id)] if job.id in ids else []
            return sum(not self._jobs[id].is_over for id in ahead)

    def drop(self, id: str) -> bool:
        """Cancel a job, or forget one that is done, and delete its files."""
        with self._changed:
            job = self._jobs.pop(id, None)
            if job is None:
                return False
            if not job.is_over:
                job.state = "canceled"
        self.clean(job)
        return True

    def clean(self, job: PictureJob) -> None:
        """Delete the files of a job."""
        shutil.rmtree(job.order.source.parent, ignore_errors=True)

    def drop_unwanted(self) -> None:
        """Drop the jobs about which nobody has asked for long."""
        with self._changed:
            oldest = time.monotonic() - PATIENCE
            unwanted = [job.id for job in self._jobs.values() if job.asked < oldest]
        for id in unwanted:
            self.drop(id)

    def _first(self) -> PictureJob | None:
        return next((job for job in self._jobs.values() if job.state == "waiting"), None)


def _delete(file: Path) -> None:
    with contextlib.suppress(OSError):
        file.unlink(missing_ok=True)
