"""What a film says of itself, and what its first frame says."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from srcore.errors import DataError
from srcore.films.colors import FilmColors, Layout, refuse_matrix
from srcore.films.library import import_av, opened
from srcore.images import ImageArray

#: Of frames, kept as tags, applied, or of no meaning for other frames.
_KEPT_OR_USELESS = {
    *("DISPLAYMATRIX", "SEI_UNREGISTERED", "MOTION_VECTORS", "VIDEO_ENC_PARAMS", "PANSCAN"),
    *("GOP_TIMECODE", "S12M_TIMECODE", "AFD", "REGIONS_OF_INTEREST", "VIDEO_HINT"),
}


@attrs.frozen
class FilmOrientation:
    """How stored frames are turned to be upright.

    Attributes:
        is_turned: rows become columns.
        mirrors_columns: afterwards left becomes right.
        mirrors_rows: afterwards top becomes bottom.
    """

    is_turned: bool = False
    mirrors_columns: bool = False
    mirrors_rows: bool = False

    @classmethod
    def of(cls, frame: Any) -> FilmOrientation:
        """That of a frame, by its display matrix.

        Raises:
            ValueError: neither upright nor turned by quarters.
        """
        kind = import_av().sidedata.sidedata.Type.DISPLAYMATRIX
        data = next((it for it in frame.side_data if it.type == kind), None)
        if data is None:
            return cls()
        a, b, _, c, d = np.frombuffer(bytes(data), np.int32)[:5].tolist()
        if not a and not d and b and c:
            return cls(True, c < 0, b < 0)
        if not b and not c and a and d:
            return cls(False, a < 0, d < 0)
        raise ValueError("turned by other than quarters")

    def upright(self, image: ImageArray) -> ImageArray:
        """A stored frame ``(H, W, C)`` as it is shown."""
        turned = image.swapaxes(0, 1) if self.is_turned else image
        rows, columns = (-1 if it else 1 for it in (self.mirrors_rows, self.mirrors_columns))
        return np.ascontiguousarray(turned[::rows, ::columns])


@attrs.frozen(kw_only=True)
class Film:
    """What is known of a film before its frames are upscaled.

    Attributes:
        path: the file.
        index: of the stream of frames that is upscaled.
        stored: height and width of the stored frames.
        layout: how their samples are stored.
        colors: what their numbers mean.
        orientation: how they are made upright.
        aspect: width / height of an upright pixel; None: not said.
        time_base: unit of time stamps, seconds.
        rate: frames per second, roughly.
        frame_count: roughly; 0: not known.
        counted: how many packets the container says there are; 0: it does not.
        ends: when the frames end, seconds, where Matroska says it.
        last_end: when they end by the tables of other containers, in units of the time base.
        is_interlaced: whether the first frame is.
        lost: what frames carry that is not kept.
    """

    path: Path
    index: int
    stored: tuple[int, int]
    layout: Layout
    colors: FilmColors
    orientation: FilmOrientation
    aspect: Fraction | None
    time_base: Fraction
    rate: Fraction
    frame_count: int
    counted: int
    ends: float | None
    last_end: int | None
    is_interlaced: bool
    lost: tuple[str, ...]

    @classmethod
    def read(cls, path: Path) -> Film:
        """Look into a film as far as its first frame.

        Raises:
            DataError: not a film, no frame in it, or one that cannot be upscaled rightly.
        """
        with opened(path) as container:
            stream = frame_stream(container, path)
            frame = _first(container, stream, path)
            layout = Layout.of(frame.format)
            try:
                colors = FilmColors.of(frame, layout)
            except ValueError as error:
                raise refuse_matrix(path, error) from error
            try:
                orientation = FilmOrientation.of(frame)
            except ValueError as error:
                raise DataError(f"{path}: frames are {error}; expected quarters") from error
            aspect = stream.sample_aspect_ratio or None
            if aspect is not None and orientation.is_turned:
                aspect = 1 / aspect
            rate = stream.average_rate or stream.guessed_rate or Fraction(25)
            duration = stream.duration and stream.duration * stream.time_base
            if not duration and container.duration:
                duration = Fraction(container.duration, 1_000_000)
            kinds = [it.type.name for it in frame.side_data]
            return cls(
                path=path,
                index=stream.index,
                stored=(frame.height, frame.width),
                layout=layout,
                colors=colors,
                orientation=orientation,
                aspect=aspect,
                time_base=stream.time_base,
                rate=rate,
                frame_count=stream.frames or round(float((duration or 0) * rate)),
                counted=stream.frames,
                ends=_end(container, stream),
                last_end=stream.duration and (stream.start_time or 0) + stream.duration,
                is_interlaced=frame.interlaced_frame,
                lost=tuple(_kind_in_words(it) for it in kinds if it not in _KEPT_OR_USELESS),
            )

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the upright frames."""
        height, width = self.stored
        return (width, height) if self.orientation.is_turned else (height, width)


def frame_stream(container: Any, path: Path) -> Any:
    """The first stream of moving frames; covers are none.

    Raises:
        DataError: there is none, or no decoder for it.
    """
    cover = import_av().stream.Disposition.attached_pic
    streams = [it for it in container.streams.video if not it.disposition & cover]
    if not streams:
        raise DataError(f"{path}: no frames in it; expected a film")
    if streams[0].codec_context is None:
        raise DataError(f"{path}: its frames have a codec that is not known here")
    return streams[0]


def film_size(path: Path) -> tuple[int, int]:
    """Height and width of the upright frames.

    Raises:
        DataError: the film cannot be read; see :meth:`Film.read`.
    """
    return Film.read(path).size


def stamp(seconds: float) -> str:
    """A time as messages name it.

    >>> stamp(3723.5)
    '1:02:03.500'
    """
    whole = round(seconds * 1000)
    minutes, milliseconds = divmod(abs(whole), 60_000)
    text = f"{minutes // 60}:{minutes % 60:02}:{milliseconds // 1000:02}.{milliseconds % 1000:03}"
    return f"-{text}" if whole < 0 else text


def _first(container: Any, stream: Any, path: Path) -> Any:
    for frame in _decoded(container, stream):
        return frame
    raise DataError(f"{path}: no frame can be decoded; the film is damaged or cut off")


def _decoded(container: Any, stream: Any) -> Iterator[Any]:
    error = import_av().error.FFmpegError
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
            if packet is None:
                return
            yield from packet.decode()
        except error:  # said where it is read for good
            if packet is None:
                return


def _end(container: Any, stream: Any) -> float | None:
    """When the frames end: Matroska says it in a text, and of a film without sound as a whole."""
    text = stream.metadata.get("DURATION", "")
    parts = text.split(":")
    if len(parts) == 3:
        try:
            hours, minutes, seconds = (float(part) for part in parts)
        except ValueError:
            return None
        return (hours * 60 + minutes) * 60 + seconds
    if "matroska" in container.format.name and len(container.streams) == 1 and container.duration:
        return float(container.duration / 1_000_000)
    return None


def _kind_in_words(kind: str) -> str:
    return kind.lower().replace("_", " ")
