"""Stamps and headers of many images by all cores.

Few are read by threads, which wait together where a disk or network is slow. Many are the work of
processes that are started as programs of their own: they import neither the user's script nor what
this process has imported, and no thread is forked.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

import attrs
import numpy as np
from numpy.typing import NDArray

from srcore.machine.processes import end_with_parent
from srcore.machine.shared_memory import cores
from srcore.scanning.facts import Facts, read_facts
from srcore.scanning.stamps import stamps

T = TypeVar("T")
Chunks = Sequence[Sequence[str]]
#: Headers from which on processes are worth their start.
_MANY = 20_000
#: Seconds of asking for stamps from which on they are: local disks tell 100,000 in less.
_LONG = 1.5
_THREADS = 8


class Workers(Protocol):
    """Who asks for and reads the images of one folder, chunk by chunk."""

    def stamps(self, chunks: Chunks) -> Iterator[NDArray[np.int64]]:
        """Of each chunk ``(N, 2)``, see the function of this name."""
        ...

    def read(self, chunks: Chunks) -> Iterator[list[Facts]]:
        """What headers say."""
        ...


@contextmanager
def workers(folder: Path, count: int) -> Iterator[Workers]:
    """Workers for a folder and so many images."""
    number = cores()
    if count < _MANY or number == 1:
        yield _Threads(folder)
        return
    with closing(_Processes(folder, number)) as processes:
        yield processes


@attrs.frozen
class _Threads:
    folder: Path

    def stamps(self, chunks: Chunks) -> Iterator[NDArray[np.int64]]:
        return (stamps(self.folder, names) for names in chunks)

    def read(self, chunks: Chunks) -> Iterator[list[Facts]]:
        with ThreadPoolExecutor(_THREADS) as pool:
            for names in chunks:
                yield list(pool.map(read_facts, map(self.folder.joinpath, names)))


class _Processes:
    def __init__(self, folder: Path, number: int) -> None:
        self._start = partial(_ScanProcess, folder)
        self._number = number
        self._all: list[_ScanProcess] = []  # started when there is enough for them to do
        self._free: queue.SimpleQueue[_ScanProcess] = queue.SimpleQueue()
        self._here = _Threads(folder)

    def stamps(self, chunks: Chunks) -> Iterator[NDArray[np.int64]]:
        def ask(process: _ScanProcess, names: Sequence[str]) -> NDArray[np.int64]:
            answer = process.ask("stamps", names)
            if answer is None:
                return next(self._here.stamps([names]))
            return np.frombuffer(bytes.fromhex(answer), np.int64).reshape(-1, 2)

        done = 0
        began = time.perf_counter()
        for done, first in enumerate(self._here.stamps(chunks), 1):
            yield first
            if (time.perf_counter() - began) / done * (len(chunks) - done) > _LONG:
                break
        yield from self._by_all(ask, chunks[done:])

    def read(self, chunks: Chunks) -> Iterator[list[Facts]]:
        def read(process: _ScanProcess, names: Sequence[str]) -> list[Facts]:
            answer = process.ask("read", names)
            if answer is None:
                return next(self._here.read([names]))
            return [Facts(*row) for row in answer]

        if sum(map(len, chunks)) < _MANY:
            return self._here.read(chunks)
        return self._by_all(read, chunks)

    def _by_all(
        self, work: Callable[[_ScanProcess, Sequence[str]], T], chunks: Chunks
    ) -> Iterator[T]:
        if not chunks:
            return
        while len(self._all) < self._number:
            self._all.append(self._start())
            self._free.put(self._all[-1])

        def by_one(names: Sequence[str]) -> T:
            process = self._free.get()
            try:
                return work(process, names)
            finally:
                self._free.put(process)

        with ThreadPoolExecutor(len(self._all)) as pool:
            yield from pool.map(by_one, chunks)

    def close(self) -> None:
        """Let the processes end."""
        for process in self._all:
            process.end()


class _ScanProcess:
    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, os.path.abspath(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # an interrupt of the terminal is for the one who asked
        )

    def ask(self, what: str, names: Sequence[str]) -> Any:
        """The answer, None if the process has ended."""
        questions, answers = self._process.stdin, self._process.stdout
        assert questions is not None
        assert answers is not None
        try:
            questions.write(json.dumps([what, "\0".join(names)]).encode() + b"\n")
            questions.flush()
            line = answers.readline()
        except OSError:
            return None
        return json.loads(line) if line.endswith(b"\n") else None

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()


def answer_questions(folder: Path) -> None:
    """The work of such a process: questions come in as lines, answers go out."""
    end_with_parent()
    for line in sys.stdin.buffer:
        what, joined = json.loads(line)
        names = joined.split("\0")
        result: Any
        if what == "stamps":
            # Numbers as bytes: texts of them would take as long as all the rest.
            result = stamps(folder, names).tobytes().hex()
        else:
            result = [attrs.astuple(read_facts(folder / name)) for name in names]
        sys.stdout.buffer.write(json.dumps(result).encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    answer_questions(Path(sys.argv[1]))
