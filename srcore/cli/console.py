"""Standard output and error: they take any text, and losing them is no reason to stop."""

from __future__ import annotations

import contextlib
import os
import sys


def accept_any_text() -> None:
    """Let names of files be printed that the console's encoding does not have."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def say(text: str, *, err: bool = False) -> None:
    """Print a line above a progress bar.

    A reader that went away, a full disk or a closed stream costs the line, not the work.
    """
    from tqdm import tqdm

    stream = sys.stderr if err else sys.stdout
    try:
        tqdm.write(text, file=stream)
        stream.flush()
    except (OSError, ValueError, AttributeError):
        _discard(err=err)


def _discard(*, err: bool) -> None:
    """Send what is left nowhere, so that Python does not complain when it ends."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        stream = sys.stderr if err else sys.stdout
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
