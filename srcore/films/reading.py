"""The frames of a film one after the other, with their times; damage is told or refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import attrs

from srcore.errors import DataError
from srcore.films.facts import Film, frame_stream, stamp
from srcore.films.library import import_av, opened, reason
from srcore.films.options import FilmOptions
from srcore.options.spelling import spelled


@attrs.frozen
class Frame:
    """A frame of a film.

    Attributes:
        content: PyAV's frame, as stored.
        time: when it is shown, in units of the film's time base.
        duration: how long, in the same unit.
    """

    content: Any
    time: int
    duration: int


def read_frames(film: Film, options: FilmOptions, tell: Callable[[str], object]) -> Iterator[Frame]:
    """The frames in the order in which they are shown, one in memory at a time.

    Args:
        film: what is read.
        options: what happens to interlaced and damaged ones.
        tell: called with a line for every frame that is left out.

    Raises:
        DataError: a frame that is damaged, interlaced, or of another size, with its time.
    """
    last: Frame | None = None
    unit = max(1, round(1 / (film.rate * film.time_base)))
    for content in _FilmReader(film, options, tell).frames():
        time = content.pts
        if last is not None:
            if time is None or time <= last.time:
                time = last.time + (max(1, last.duration) if time is None else 1)
            yield attrs.evolve(last, duration=time - last.time)
        last = Frame(content, 0 if time is None else time, content.duration or unit)
    if last is not None:
        left = (film.last_end or 0) - last.time
        yield attrs.evolve(last, duration=left) if left > 0 else last


@attrs.define
class _FilmReader:
    """Decodes one film.

    Attributes:
        film: what is read.
        options: how.
        tell: gets lines.
        seen: packets so far.
        end: when the last frame ended, seconds.
    """

    film: Film
    options: FilmOptions
    tell: Callable[[str], object]
    seen: int = 0
    end: float = 0.0

    def frames(self) -> Iterator[Any]:
        """PyAV's frames, checked, their times in the film's time base."""
        with opened(self.film.path) as container:
            stream = frame_stream(container, self.film.path)
            # Else decoders fill what is damaged from other frames, and say nothing.
            stream.codec_context.options = {"err_detect": "crccheck+explode"}
            whole = _Whole(self.film, self.options)
            for frame in self._decoded(container, stream):
                self._check(frame)
                yield from whole.frames_of(frame)
            yield from whole.frames_of(None)

    def _decoded(self, container: Any, stream: Any) -> Iterator[Any]:
        error = import_av().error.FFmpegError
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets, None)
            except error as problem:
                self._damaged(self.end, reason(problem))
                break
            if packet is None:
                break
            self.seen += bool(packet.size)
            try:
                frames = packet.decode()
            except error as problem:
                at = packet.pts if packet.pts is not None else packet.dts
                self._damaged(self.end if at is None else _seconds(at, packet), reason(problem))
                continue
            for frame in frames:
                time = self.end if frame.pts is None else _seconds(frame.pts, frame)
                if frame.is_corrupt:
                    self._damaged(time, "parts of a frame are missing")
                    continue
                self.end = time + float(frame.duration * frame.time_base if frame.duration else 0)
                yield frame
        self._check_end()

    def _check(self, frame: Any) -> None:
        where = f"{self.film.path}: at {stamp(float(frame.time or 0))}"
        if (frame.height, frame.width) != self.film.stored:
            height, width = self.film.stored
            raise DataError(
                f"{where} the frames change from {width}x{height} to "
                f"{frame.width}x{frame.height}; cut the film there and upscale its parts"
            )
        if frame.interlaced_frame and not self.options.deinterlace:
            raise DataError(
                f"{where} the frames are interlaced; {spelled('deinterlace', True)} makes whole "
                "ones of their fields"
            )

    def _check_end(self) -> None:
        film = self.film
        missing = film.counted - self.seen
        if missing > 0:
            self._damaged(self.end, f"the film is cut off, {missing} frames are missing")
        elif film.ends is not None and self.end < film.ends - 2 / float(film.rate):
            self._damaged(self.end, f"the film is cut off, it should end at {stamp(film.ends)}")

    def _damaged(self, time: float, what: str) -> None:
        line = f"{self.film.path}: damaged at {stamp(time)}: {what}"
        if not self.options.skip_damaged:
            raise DataError(f"{line}; {spelled('skip_damaged', True)} leaves that out")
        self.tell(f"{line}: left out")


class _Whole:
    """Whole frames of the fields of interlaced ones (bwdif); others stay as they are."""

    def __init__(self, film: Film, options: FilmOptions) -> None:
        self._film = film
        self._is_used = options.deinterlace
        self._graph: Any = None

    def frames_of(self, frame: Any) -> Iterator[Any]:
        """What one more frame gives; None ends the film."""
        if not self._is_used:
            if frame is not None:
                yield frame
            return
        if self._graph is None:
            if frame is None:
                return
            self._graph = self._made(frame)
        self._graph.push(frame)
        errors = import_av().error
        while True:
            try:
                made = self._graph.pull()
            except (errors.BlockingIOError, errors.EOFError):
                return
            if made.pts is not None:
                made.pts = round(Fraction(made.pts) * made.time_base / self._film.time_base)
                made.time_base = self._film.time_base
            yield made

    def _made(self, frame: Any) -> Any:
        graph = import_av().filter.Graph()
        source = graph.add_buffer(
            width=frame.width,
            height=frame.height,
            format=frame.format,
            time_base=self._film.time_base,
        )
        bwdif = graph.add("bwdif", "mode=send_frame:deint=interlaced")
        graph.link_nodes(source, bwdif, graph.add("buffersink")).configure()
        return graph


def _seconds(time: int, timed: Any) -> float:
    return float(time * timed.time_base)
