"""How much memory the reading of a file takes, measured in a process that does nothing else.

A process that ran a thousand tests has holes in its memory, and how many of them are filled anew
differs from reading to reading by megabytes. So a program of its own (this module) forks a process
for every measurement.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any, Literal, NoReturn

import cv2

from srcore.data.cropping import Window
from srcore.errors import DataError
from srcore.images import read_header, read_image, read_window, strict_jpeg
from srcore.testing.resources import peak_growth

_MMAP_THRESHOLD = -3


class ReadingProcess:
    """A fresh process that reads files and tells how much memory that took.

    >>> with ReadingProcess() as reading:  # doctest: +SKIP
    ...     reading.growth("image", "large.png", "small.png")
    45412352
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def growth(
        self,
        what: Literal["image", "window", "header"],
        path: str | Path,
        small: str | Path,
        *,
        window: tuple[int, int, int, int] = (0, 0, 8, 8),
        without_strict: bool = False,
    ) -> int:
        """Highest memory of reading a file, beyond what was in use after reading a small one.

        Args:
            what: what is read of both.
            path: the file.
            small: an image of its kind, which loads what the kind needs.
            window: top, left, height and width, for ``what="window"``.
            without_strict: as if the optional decoder of JPEG were not installed.

        Returns:
            Bytes; 0 where the system does not tell.

        Raises:
            RuntimeError: if the process died.
        """
        job = {"what": what, "path": str(path), "small": str(small), "window": window}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(job | {"without_strict": without_strict}) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if answer.strip() in ("", "null"):
            raise RuntimeError(f"{path}: the process that read it died")
        return int(answer)

    def __enter__(self) -> ReadingProcess:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()


def main() -> None:
    """Answer each line of standard input (JSON) with the bytes that a reading took."""
    cv2.setNumThreads(1)  # a forked process waits for ever for threads that it has not
    _give_back_what_is_freed()
    for line in sys.stdin:
        child = os.fork()
        if not child:
            _answer(json.loads(line))
        if os.waitpid(child, 0)[1]:
            print("null", flush=True)


def _give_back_what_is_freed() -> None:
    """At once; glibc learns from large blocks that were freed to keep the next ones."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, 1 << 17)


def _answer(job: dict[str, Any]) -> NoReturn:
    """What a forked process does."""
    try:
        print(_peak_of_job(job), flush=True)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _peak_of_job(job: dict[str, Any]) -> int:
    if job["without_strict"]:
        vars(strict_jpeg)["is_installed"] = lambda: False
    _read_once(job["what"], Path(job["small"]), Window(0, 0, 8, 8))
    with peak_growth() as growth, contextlib.suppress(DataError):
        _read_once(job["what"], Path(job["path"]), Window(*job["window"]))
    return growth.bytes


def _read_once(what: str, path: Path, window: Window) -> None:
    if what == "image":
        read_image(path)
    elif what == "window":
        read_window(path, window)
    else:
        read_header(path)


if __name__ == "__main__":
    main()
