"""How a stage ended: at which iteration, why, and whether it is complete; ``finished.json``."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import attrs

from srcore.errors import Interrupted, SrcoreError
from srcore.files.atomic import writing
from srcore.files.strict_json import dumps
from srcore.runs.folder import RunFolder

#: Why a stage ended that was trained to its last iteration.
COMPLETE = "all iterations"


@attrs.frozen
class Ending:
    """The end of a stage.

    Attributes:
        iteration: the last one whose state is saved.
        planned: ``train.iterations`` at that time.
        reason: what ended it.
        complete: whether the next stage may go on from it; a resumed run skips it.
        results: what was measured last.
        generator: hash of the exported generator's state.
        hooks_called: of a complete stage: whether the hook ``srcore_run_finished`` was called and
            came back. A process that is killed before is not the last word: a resumed run calls it.
    """

    iteration: int
    planned: int
    reason: str = COMPLETE
    complete: bool = True
    results: dict[str, Any] = attrs.field(factory=dict)
    generator: str = ""
    hooks_called: bool = True

    @property
    def is_early(self) -> bool:
        """Whether it ended before its planned length."""
        return self.reason != COMPLETE

    def __str__(self) -> str:
        return f"ended at iteration {self.iteration} of {self.planned}: {self.reason}"


def write_ending(folder: Path, ending: Ending) -> None:
    """Write ``finished.json``: the last file of a stage."""
    content = {
        "iterations": ending.iteration,
        "planned": ending.planned,
        "ended": ending.reason,
        "complete": ending.complete,
        "generator": ending.generator,
        "results": ending.results,
    }
    if ending.complete:
        content["hooks_called"] = ending.hooks_called
    with writing(RunFolder(folder).ending) as temporary:
        temporary.write_text(dumps(content, indent=2) + "\n", "utf-8")


def read_ending(folder: Path) -> Ending | None:
    """How the stage in a folder ended; None if it did not, or is going on.

    Raises:
        SrcoreError: the file is damaged.
    """
    file = RunFolder(folder).ending
    if not file.is_file():
        return None
    try:
        content = json.loads(file.read_text("utf-8"))
        iteration = int(content["iterations"])
        return Ending(
            iteration,
            int(content.get("planned", iteration)),
            str(content.get("ended", COMPLETE)),
            bool(content.get("complete", True)),
            dict(content["results"]),
            str(content.get("generator", "")),
            bool(content.get("hooks_called", True)),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise SrcoreError(f"{file}: damaged; resume the run to write it again") from None


def forget_ending(folder: Path) -> None:
    """A stage goes on: how it ended earlier is no longer true."""
    RunFolder(folder).ending.unlink(missing_ok=True)


def reason_of(error: BaseException) -> str:
    """What ended a stage, in one line."""
    if isinstance(error, Interrupted):
        return f"interrupted by {signal.Signals(error.exit_code - 128).name}"
    if isinstance(error, SrcoreError):
        return " ".join(str(error).split())
    return f"{type(error).__name__}: {' '.join(str(error).split())}".rstrip(": ")
