"""What all machines of a job must see: the folder it was started in, and that of its results."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs

from srcore.errors import DataError
from srcore.files.atomic import delete_leftovers, temporary_neighbor
from srcore.upscaling.jobs import Task


@attrs.frozen
class MeetingPlace:
    """Where a job happens, as its workers find it.

    Attributes:
        folder: that the command was started in; names of files are relative to it.
        mark: a file among the results that is there while the job goes on.
        began: when it began, by the clock of the file system, in nanoseconds.
    """

    folder: Path
    mark: Path
    began: int

    def enter(self) -> None:
        """Work there from now on.

        Raises:
            DataError: this machine does not see it.
        """
        with contextlib.suppress(OSError):
            os.chdir(self.folder)
            if self.mark.exists():
                return
        raise DataError(
            f"{self.folder / self.mark.parent}: not seen by {socket.gethostname()}; expected a "
            "file system that all machines of the cluster have at the same place"
        )

    def tries(self, work: str) -> int:
        """How often work was tried before, by those who ask; this time counts from now on."""
        line = f"{work}\n"
        with self.mark.open("a+") as file:
            file.seek(0)
            number = file.readlines().count(line)
            file.write(line)
        return number


@contextlib.contextmanager
def marked(tasks: Sequence[Task]) -> Iterator[MeetingPlace]:
    """The place of a job, while it goes on; what killed workers were writing is deleted then.

    Raises:
        DataError: the folder of results cannot be written to.
    """
    folder = tasks[0].target.parent
    mark = temporary_neighbor(folder / "job")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        mark.touch(exist_ok=False)
    except OSError as error:
        raise DataError(f"{folder}: cannot be written: {error.strerror or error}") from error
    try:
        yield MeetingPlace(Path.cwd(), mark, mark.stat().st_mtime_ns)
    finally:
        mark.unlink(missing_ok=True)
        for folder in {task.target.parent for task in tasks}:
            delete_leftovers(folder)
