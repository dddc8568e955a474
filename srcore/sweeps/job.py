"""What the process of a trial is told, and what it tells at its end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs

#: What the last line of a process that failed begins with.
FAILED = "failed: "
#: What a process is told to end with its state saved. If nobody is left to tell it, it ends at
#: once: another process may be about to go on with its run.
STOP = b"s"


@attrs.frozen
class TrialJob:
    """A trial for a process of its own.

    Attributes:
        experiment: the file, or the name of a shipped experiment.
        overrides: the user's, then those of the trial.
        folder: of the sweep, in which the trial has its run.
        without: plugins that are left out.
        named: plugins that are not installed.
        prunes: whether it may be ended early.
    """

    experiment: str
    overrides: tuple[str, ...]
    folder: str
    without: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    prunes: bool = False

    def line(self) -> bytes:
        """As one line."""
        return (json.dumps(attrs.asdict(self)) + "\n").encode()

    @classmethod
    def of_line(cls, line: bytes) -> TrialJob:
        """What :meth:`line` says."""
        told: dict[str, Any] = json.loads(line)
        for key in ("overrides", "without", "named"):
            told[key] = tuple(told[key])
        return cls(**told)

    @property
    def place(self) -> Path:
        """The folder of the sweep."""
        return Path(self.folder)
