"""Runs in forked processes, one for each rank, whose changes are counted; and what they leave."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import torch

from srcore.launching.stages import run_experiment
from srcore.runs.folder import RunFolder
from srcore.testing.killing import Changes, wait
from srcore.testing.ranks import fork_ranks

if TYPE_CHECKING:
    from srcore.checking.experiment import LoadedExperiment

#: Files that differ between equal runs, since they tell of times.
_TIMED = {RunFolder.log, RunFolder.report, RunFolder.performance}


@attrs.frozen
class ForkedRun:
    """A run of an experiment in processes of its own.

    Attributes:
        load: loads the experiment, in each process.
        ranks: how many processes train together.
    """

    load: Callable[[], LoadedExperiment]
    ranks: int = 1

    def run(
        self, output: Path, *, resume: bool = False, changes: Changes | None = None
    ) -> tuple[int, str, int]:
        """Run to its end, or to where ``changes`` ends it.

        Args:
            output: folder of runs; what is said lies beside it.
            resume: go on with the run that lies there.
            changes: counts what the first process changes, and may kill it.

        Returns:
            Exit code of the first process, what it said, and the number of changes.
        """
        log, counted = output.with_name("log"), output.with_name("count")
        log.write_bytes(b"")

        def work(rank: int) -> None:
            watched = changes if rank == 0 else None
            if watched is not None:
                watched.install()
            try:
                run_experiment(self.load(), output, resume=resume, quiet=True)
            finally:
                if watched is not None:
                    counted.write_text(str(watched.count))

        # Other processes lose the connection when the first one ends; theirs is another log.
        logs = [log, *(log.with_name(f"log_{rank}") for rank in range(1, self.ranks))]
        children = fork_ranks(work, logs)
        code = wait(children[0])
        for child in children[1:]:
            if code:  # as torchrun does
                os.kill(child, signal.SIGKILL)
            wait(child)
        count = int(counted.read_text()) if counted.is_file() else 0
        counted.unlink(missing_ok=True)
        return code, log.read_text(), count


def content_of_run(folder: Path) -> dict[str, Any]:
    """Everything that has to be the same in equal runs, by path: bytes, or states."""
    contents: dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_dir() or path.name in _TIMED:
            contents[name] = None
        elif path.suffix == ".pt":
            contents[name] = torch.load(path, weights_only=True)
        else:
            contents[name] = path.read_bytes()
    return contents
