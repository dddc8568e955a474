"""The process's own streams: no command is ended by what becomes of its output.

A reader that has seen enough (``| head``) ends nothing. A disk that is full behind ``>`` lets the
work go on, too, and is told of at the end, with exit code 1: what was printed is not there.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import Any


class _Lasting(io.RawIOBase):
    """Writes to a file descriptor as long as that takes it; swallows everything afterwards.

    Attributes:
        error: what ended it, unless it was a reader that went away.
    """

    error: OSError | None = None

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._ended = False

    def writable(self) -> bool:
        """It is."""
        return True

    def fileno(self) -> int:
        """The descriptor."""
        return self._descriptor

    def isatty(self) -> bool:
        """Whether a terminal is at its end."""
        return os.isatty(self._descriptor)

    def write(self, content: Any) -> int:
        """Write what can be written, and claim to have written it."""
        if self._ended:
            return len(content)
        try:
            return os.write(self._descriptor, content)
        except OSError as error:
            self._ended = True
            if not isinstance(error, BrokenPipeError):
                self.error = error
            return len(content)


@contextlib.contextmanager
def lasting_streams() -> Iterator[None]:
    """Put lasting streams in the place of the process's own standard output and error.

    Raises:
        SystemExit: with 1 in the place of 0 if standard output could not be written.
    """
    _fill_descriptors()
    with _replacing_stream("stdout") as output, _replacing_stream("stderr"):
        code: object = 0
        try:
            yield
        except SystemExit as end:
            code = end.code
            raise
        finally:
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            if output is not None and output.error is not None and code in (0, None):
                reason = output.error.strerror
                sys.stderr.write(f"srcore: standard output: cannot be written: {reason}\n")
                raise SystemExit(1)


@contextlib.contextmanager
def _replacing_stream(name: str) -> Iterator[_Lasting | None]:
    """Replace a stream that is the process's own (in tests it may be another); yield its end."""
    stream = getattr(sys, name)
    if stream is not getattr(sys, f"__{name}__"):
        yield None
        return
    descriptor = 1 if name == "stdout" else 2
    encoding = "utf-8"
    if stream is not None:
        stream.flush()
        descriptor, encoding = stream.fileno(), stream.encoding
    raw = _Lasting(descriptor)
    lasting = io.TextIOWrapper(
        io.BufferedWriter(raw), encoding, "backslashreplace", line_buffering=raw.isatty()
    )
    if name == "stderr":
        lasting.reconfigure(line_buffering=True)
    setattr(sys, name, lasting)
    try:
        yield raw
    finally:
        lasting.flush()
        setattr(sys, name, stream)


def _fill_descriptors() -> None:
    """Open what was closed: the first file that is opened would else become standard error."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number: this one
