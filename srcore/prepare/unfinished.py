"""A preparation that was stopped goes on when the same one is asked for again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from srcore.files.atomic import write_bytes
from srcore.files.occupied import OccupiedError
from srcore.options.spelling import spelled
from srcore.prepare.refusing import refuse_filled

#: In the first output folder while a job is not at its end; what it says is the job.
RECORD = ".srcore-unfinished.json"


@contextmanager
def unfinished(
    folders: Sequence[Path], job: Mapping[str, Any], *, overwrite: bool
) -> Iterator[bool]:
    """Record a job for as long as it is not at its end.

    Args:
        folders: that it writes to.
        job: what makes its files what they are; compared as text.
        overwrite: begin anew, whatever the folders hold.

    Yields:
        Whether it goes on with what an equal job has left.

    Raises:
        OccupiedError: a folder holds files of something else.
    """
    record = folders[0] / RECORD
    goes_on = False
    if record.is_file() and not overwrite:
        refuse_another(folders[0], record, job)
        goes_on = True
    else:
        for folder in folders:
            refuse_filled(folder, overwrite=overwrite)
    write_bytes(record, job_in_words(job).encode())
    yield goes_on
    record.unlink(missing_ok=True)


def job_in_words(job: Mapping[str, Any]) -> str:
    """A job as its record has it: two of equal descriptions make the same files."""
    return json.dumps({key: str(value) for key, value in job.items()}, indent=2) + "\n"


def refuse_another(place: Path, record: Path, job: Mapping[str, Any]) -> None:
    """Refuse to go on with a job of other settings.

    Args:
        place: where it lies, for the message.
        record: of the job that was begun; there.
        job: what would go on.

    Raises:
        OccupiedError: they differ.
    """
    if record.read_text("utf-8", "replace") != job_in_words(job):
        way = f"give the same command again, or {spelled('overwrite', True)}"
        raise OccupiedError(f"{place}: holds an unfinished job with other settings; {way}")


def are_made(source: Path, targets: Sequence[Path]) -> bool:
    """Whether all files that are made of an image are there, and not older than it."""
    try:
        written = source.stat().st_mtime_ns
        return all(target.stat().st_mtime_ns >= written for target in targets)
    except OSError:
        return False
