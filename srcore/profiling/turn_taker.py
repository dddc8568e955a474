"""The other end of a process that takes steps in turns."""

from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from srcore.estimating.child import SAID, answer_of_probe, probe_command
from srcore.machine.processes import environment_of_one

if TYPE_CHECKING:
    from srcore.plugin.manager import PluginManager

_TARGET = "srcore.profiling.turns:take_turns"
#: Begins the lines of answers; others are what libraries print.
TURN = "turn "
_GRACE = 10.0


class TurnTaker:
    """A process of its own with a training in it; use as a context manager.

    Args:
        table: the resolved experiment, of one stage that trains.
        plugins: of which it is made.
        steps: how many are taken after the first two.
        folder: where it works.
        what: begins messages.

    Attributes:
        weights: file of what was trained, once :meth:`losses` were asked for.
    """

    def __init__(
        self,
        table: dict[str, Any],
        plugins: PluginManager,
        steps: int,
        folder: Path,
        what: str,
    ) -> None:
        self.weights = folder / "trained.safetensors"
        self._folder, self._what = folder, what
        job = {"steps": steps, "weights": str(self.weights)}
        self._command = probe_command(table, plugins, job, folder, _TARGET)

    def __enter__(self) -> TurnTaker:
        with (self._folder / SAID).open("wb") as said:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                env=environment_of_one(),
                text=True,
                encoding="utf-8",
                errors="replace",
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(_GRACE)
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):  # what a process was told that is gone
                    stream.close()

    def step(self) -> float:
        """Have it take a step; its seconds.

        Raises:
            ProbeMemoryError: memory ran out.
            SrcoreError: what ended the process, in one line.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write("\n")
            self._process.stdin.flush()
        except OSError:
            self._end()
        for line in self._process.stdout:
            if line.startswith(TURN):
                return float(line.removeprefix(TURN))
        return self._end()

    def losses(self) -> list[dict[str, float]]:
        """The terms of all steps, after the last one; the process ends.

        Raises:
            SrcoreError: what ended the process, in one line.
        """
        code = self._process.wait()
        losses: list[dict[str, float]] = answer_of_probe(self._folder, code, self._what)["losses"]
        return losses

    def _end(self) -> float:
        """It ended too early: what its answer says, or its last words."""
        self.losses()
        raise AssertionError("a process that ended too early answered as if it had not")
