"""Looking up and reading of many images by all cores.

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
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

import attrs
import numpy as np

from srcore.machine.processes import end_with_parent
from srcore.machine.shared_memory import cores
from srcore.scanning.facts import Facts, read_facts
from srcore.scanning.index import ScanIndex
from srcore.scanning.looking import LookedUp, look_up

T = TypeVar("T")
Chunks = Sequence[Sequence[str]]
#: Headers from which on processes are worth their start.
_MANY = 20_000
#: Seconds of looking up from which on they are: local disks answer for 100,000 files in less.
_LONG = 1.5
_THREADS = 8


class Workers(Protocol):
    """Who looks up and reads the images of one folder, chunk by chunk."""

    def look_up(self, chunks: Chunks) -> Iterator[LookedUp]:
        """What the index knows of names that come in the order of their bytes."""
        ...

    def read(self, chunks: Chunks) -> Iterator[list[Facts]]:
        """What headers say."""
        ...


@contextmanager
def workers(folder: Path, index: Path | None, count: int) -> Iterator[Workers]:
    """Workers for a folder, with its index if it has one, and for so many images."""
    number = cores()
    if count < _MANY or number == 1:
        yield _Threads(folder, index)
        return
    with closing(_Processes(folder, index, number)) as processes:
        yield processes


@attrs.frozen
class _Threads:
    folder: Path
    index: Path | None

    def look_up(self, chunks: Chunks) -> Generator[LookedUp, None, None]:
        if self.index is None:
            return
        folder = os.fsencode(self.folder)
        with closing(ScanIndex(self.index)) as index:
            for names in chunks:
                # No name holds the character between them; one by one takes four times as long.
                yield look_up(folder, index, os.fsencode("\0".join(names)).split(b"\0"))

    def read(self, chunks: Chunks) -> Iterator[list[Facts]]:
        with ThreadPoolExecutor(_THREADS) as pool:
            for names in chunks:
                yield list(pool.map(read_facts, map(self.folder.joinpath, names)))


class _Processes:
    def __init__(self, folder: Path, index: Path | None, number: int) -> None:
        self._start = partial(_ScanProcess, folder, index)
        self._number = number
        self._all: list[_ScanProcess] = []  # started when there is enough for them to do
        self._free: queue.SimpleQueue[_ScanProcess] = queue.SimpleQueue()
        self._here = _Threads(folder, index)

    def look_up(self, chunks: Chunks) -> Iterator[LookedUp]:
        def look(process: _ScanProcess, names: Sequence[str]) -> LookedUp:
            answer = process.ask("look_up", names)
            if answer is None:
                return next(self._here.look_up([names]))
            sizes, faults, unread, file_bytes = answer
            return LookedUp(
                np.frombuffer(bytes.fromhex(sizes), np.int32).reshape(-1, 2),
                faults,
                [(place, tuple(stamp)) for place, stamp in unread],
                np.frombuffer(bytes.fromhex(file_bytes), np.int64),
            )

        done = 0
        began = time.perf_counter()
        with closing(self._here.look_up(chunks)) as known:
            for done, first in enumerate(known, 1):
                yield first
                if (time.perf_counter() - began) / done * (len(chunks) - done) > _LONG:
                    break
        yield from self._by_all(look, chunks[done:])

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
    def __init__(self, folder: Path, index: Path | None) -> None:
        places = [os.path.abspath(folder)] + ([] if index is None else [str(index)])
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, *places],
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
            questions.write(json.dumps([what, names]).encode() + b"\n")
            questions.flush()
            line = answers.readline()
        except OSError:
            return None
        return json.loads(line) if line.endswith(b"\n") else None

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()


def answer_questions(folder: Path, index: Path | None = None) -> None:
    """The work of such a process: questions come in as lines, answers go out."""
    end_with_parent()
    here = _Threads(folder, index)
    for line in sys.stdin.buffer:
        what, names = json.loads(line)
        if what == "look_up":
            [known] = here.look_up([names])
            # Numbers as bytes: texts of them would take as long as all the rest.
            sizes, file_bytes = known.sizes.tobytes().hex(), known.file_bytes.tobytes().hex()
            result: Any = sizes, known.faults, known.unread, file_bytes
        else:
            result = [attrs.astuple(read_facts(folder / name)) for name in names]
        sys.stdout.buffer.write(json.dumps(result).encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    answer_questions(*map(Path, sys.argv[1:]))
