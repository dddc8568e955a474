"""Killing a run, or filling its disk, exactly before a chosen change of its folder.

A run happens in a forked process: torch is loaded already, and what is replaced there to count the
changes ends with it. Changes are the system calls behind opening for writing, write, truncate,
rename, link, mkdir, unlink and rmdir below one folder; what they were to do has not happened yet
when the process is killed.
"""

from __future__ import annotations

import builtins
import errno
import io
import os
import pathlib
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import torch
from ignite.engine import Engine, Events

from srcore.errors import SrcoreError
from srcore.hookspecs import hookimpl

_CHANGES = {"os.rename", "os.link", "os.mkdir", "os.remove", "os.rmdir", "os.truncate"}
_NEED_SPACE = {"open", "write", "os.link", "os.mkdir"}
_CRASHED = 99
#: Seconds.
_PATIENCE = 120


class Changes:
    """Counts what the process that installs it changes below a folder.

    Args:
        root: the folder.
        at: number of the change, from 1; 0: only count.
        event: what happens there: the process is killed, or from there on the disk is full.
    """

    def __init__(self, root: Path, at: int = 0, event: Literal["kill", "full"] = "kill") -> None:
        self.root = os.path.realpath(root)
        self.at = at
        self.event = event
        self.count = 0

    def install(self) -> None:
        """Replace what opens and saves files in this process, for good."""
        sys.addaudithook(self._audit)
        opened, saved = io.open, torch.save

        def open_(file: Any, mode: str = "r", buffering: int = -1, *rest: Any, **named: Any) -> Any:
            if not set(mode) & set("wxa+") or not self._is_below(file):
                return opened(file, mode, buffering, *rest, **named)
            raw = _Counted(self, file, mode.replace("t", "").replace("b", ""))
            buffer: Any = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw, 2**16)
            if "b" in mode:
                return buffer
            names = ("encoding", "errors", "newline")
            return io.TextIOWrapper(buffer, **dict(zip(names, rest, strict=False)) | named)

        def save(state: Any, file: Any, *rest: Any, **named: Any) -> None:
            if not isinstance(file, (str, os.PathLike)):
                return saved(state, file, *rest, **named)
            with open_(file, "wb") as stream:  # its own writer does not go through Python
                return saved(state, stream, *rest, **named)

        io.open = builtins.open = open_
        accessor = getattr(pathlib, "_NormalAccessor", None)  # Python 3.10
        if accessor is not None:
            accessor.open = staticmethod(open_)
        torch.save = save  # type: ignore[assignment]  # passes all on

    def step(self, what: str) -> None:
        """One change is about to happen."""
        self.count += 1
        if self.event == "kill" and self.count == self.at:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.event == "full" and 0 < self.at <= self.count and what in _NEED_SPACE:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in _CHANGES:
            folder = next((n for n in arguments[1:] if isinstance(n, int) and n >= 0), None)
            if event == "os.mkdir":  # its second argument is a mode
                folder = arguments[2] if arguments[2] >= 0 else None
            if self._is_below(arguments[0], folder):
                self.step(event)

    def _is_below(self, file: Any, folder: int | None = None) -> bool:
        if not isinstance(file, (str, bytes, os.PathLike)):
            return False
        path = os.fsdecode(file)
        if folder is not None:
            path = os.path.join(os.readlink(f"/proc/self/fd/{folder}"), path)
        path = os.path.abspath(path)
        return path == self.root or path.startswith(self.root + os.sep)


class KilledAt:
    """A plugin by which the process ends without a word at the start of an iteration.

        loaded = attrs.evolve(loaded, plugins=loaded.plugins.extended(KilledAt(3)))

    Args:
        iteration: in which, from 1.
        ready: asked again and again until it is true, for two minutes at most; None: at once.
    """

    def __init__(self, iteration: int, ready: Callable[[], object] | None = None) -> None:
        self.iteration = iteration
        self.ready = ready

    @hookimpl
    def srcore_engines_created(self, trainer: Engine) -> None:
        """Wait for the iteration."""
        trainer.add_event_handler(Events.ITERATION_STARTED(once=self.iteration), self.end)

    def end(self) -> None:
        """End the process."""
        deadline = time.monotonic() + _PATIENCE
        while self.ready is not None and not self.ready() and time.monotonic() < deadline:
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGKILL)


class _Counted(io.FileIO):
    def __init__(self, changes: Changes, file: Any, mode: str) -> None:
        changes.step("open")
        self._changes = changes
        super().__init__(file, mode)

    def write(self, content: Any) -> int:
        self._changes.step("write")
        return super().write(content)

    def truncate(self, size: int | None = None) -> int:
        self._changes.step("truncate")
        return super().truncate(size)


def fork(work: Callable[[], object], log: Path) -> int:
    """Do something in a forked process; return its number.

    Its exit code is 0, that of a SrcoreError, whose lines go to the log, or 99 after anything else.
    """
    child = os.fork()
    if child:
        return child
    code = _CRASHED
    try:
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        sys.stdout = sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
        try:
            work()
            code = 0
        except SrcoreError as error:
            print(f"srcore: {error}")
            code = error.exit_code
        except BaseException:
            traceback.print_exc()
    finally:
        os._exit(code)


def wait(child: int, seconds: float = 600) -> int:
    """Wait for a process; return its exit code, negative for a signal; end it after the time.

    Time that the whole machine stood still does not count.
    """
    waited, last = 0.0, time.monotonic()
    while True:
        number, status = os.waitpid(child, os.WNOHANG)
        if number:
            return os.waitstatus_to_exitcode(status)
        now = time.monotonic()
        waited, last = waited + min(now - last, 1.0), now
        if waited > seconds:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            raise TimeoutError(f"process {child} did not end within {seconds} s")
        time.sleep(0.002)
