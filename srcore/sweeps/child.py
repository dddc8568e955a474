"""A process that works on a trial, as the sweep sees it."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path
from typing import Protocol

from srcore.machine.processes import ending_in_words, environment_of_one
from srcore.sweeps.job import FAILED, STOP, TrialJob


class TrialChild(Protocol):
    """What a sweep asks of it; the only one beside those of tests is :class:`Child`."""

    def ended(self) -> int | None:
        """The exit code, negative for a signal; None while it works."""

    def ask_to_stop(self) -> None:
        """Have it save its state and end."""

    def end_at_once(self) -> None:
        """Kill it, if it is there, and wait until it is gone."""

    def cause(self) -> str:
        """What it said of its failure, or what became of it."""


class Child:
    """A process with a session of its own, so that Ctrl-C comes to the sweep alone.

    Args:
        job: what it is to do.
        said: the file that gets what it prints.
    """

    def __init__(self, job: TrialJob, said: Path) -> None:
        said.parent.mkdir(parents=True, exist_ok=True)
        self.said = said
        with said.open("wb") as stream:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "srcore.sweeps.trial_process"],
                stdin=subprocess.PIPE,
                stdout=stream,
                stderr=stream,
                env=environment_of_one(),
                start_new_session=True,
                bufsize=0,
            )
        self._tell(job.line())

    def _tell(self, words: bytes) -> None:
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):  # it is gone, which its exit code tells
            self.process.stdin.write(words)

    def ended(self) -> int | None:
        """The exit code, negative for a signal; None while it works."""
        return self.process.poll()

    def ask_to_stop(self) -> None:
        """Have it save its state and end."""
        self._tell(STOP)

    def end_at_once(self) -> None:
        """Kill it, if it is there, and wait until it is gone."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdin is not None
        self.process.stdin.close()

    def cause(self) -> str:
        """What it said of its failure, or what became of it."""
        lines = self.said.read_text("utf-8", "replace").strip().splitlines()
        if lines and lines[-1].startswith(FAILED):
            return lines[-1].removeprefix(FAILED)
        how = ending_in_words(self.process.returncode)
        return f"its process ended with {how}: {lines[-1] if lines else 'it said nothing'}"
