"""A whole film from its parts and from what is copied of the source."""

from __future__ import annotations

import heapq
import io
import struct
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from srcore.errors import DataError
from srcore.files.atomic import writing
from srcore.films.copying import add_streams, copied_packets, unheld
from srcore.films.encoding import Encoding
from srcore.films.facts import Film
from srcore.films.library import import_av, opened, writing_errors
from srcore.films.names import CONTAINERS
from srcore.films.parts import FilmParts, Packet
from srcore.images import Origin

#: Random identifiers and versions would make equal films differ.
_OPTIONS = {"fflags": "+bitexact"}


def try_container(film: Film, encoding: Encoding, target: Path, *, strip: bool) -> str:
    """Find out what the container of a film does not hold, before anything is computed.

    Returns:
        A line about what is left out; empty if nothing is.

    Raises:
        DataError: it does not hold the frames, or what it claimed to hold.
    """
    with opened(film.path) as source, writing_errors(target):
        written = _open_container(io.BytesIO(), target)
        with written:
            streams = add_streams(source, written, film, encoding, strip=strip)
            written.start_encoding()
    return unheld(streams.left_out, target)


def join(
    film: Film, encoding: Encoding, parts: FilmParts, count: int, target: Path, *, strip: bool
) -> None:
    """Write the film, which appears when it is whole.

    Args:
        film: what is known of the source.
        encoding: of the frames.
        parts: where they lie.
        count: number of parts.
        target: the file; one that exists is replaced.
        strip: without texts about the film, and without the mark of what it was made from.

    Raises:
        DataError: it cannot be written, or a part is damaged.
    """
    with opened(film.path) as source, writing_errors(target), writing(target) as temporary:
        written = _open_container(str(temporary.absolute()), target)
        with written:
            streams = add_streams(source, written, film, encoding, strip=strip)
            frames = _encoded_frames(parts, count, encoding, streams.frames)
            for packet in heapq.merge(frames, copied_packets(source, streams), key=_moment):
                written.mux(packet)
        if not strip:
            with temporary.open("ab") as file:
                file.write(_mark(Origin.of(film.path), target))


def _open_container(file: Any, target: Path) -> Any:
    return import_av().open(
        file, "w", format=CONTAINERS[target.suffix.lower()], options=dict(_OPTIONS)
    )


def _encoded_frames(parts: FilmParts, count: int, encoding: Encoding, stream: Any) -> Iterator[Any]:
    """PyAV's packets of all parts, with times of decoding that rise through all of them."""
    av = import_av()
    for packet, order in _packets_in_order(parts, count):
        made = av.Packet(packet.content)
        made.stream = stream
        made.time_base = encoding.time_base
        made.pts, made.dts, made.duration = packet.time, order, packet.duration
        made.is_keyframe = packet.is_key
        yield made


def _packets_in_order(parts: FilmParts, count: int) -> Iterator[tuple[Packet, int]]:
    """Packets, and when each is to be decoded: when the one some places before it is shown.

    Encoders of single parts do not know of one another, and what they say may run backwards where
    parts meet. So many places as the order of decoding differs from that of showing do.
    """
    delay = max((_delay(parts, number) for number in range(count)), default=0)
    earlier: deque[int] = deque()
    for number in range(count):
        times = sorted((packet.time, packet.duration) for packet in parts.packets(number))
        if not number:
            start, step = times[0][0], max(1, times[0][1])
            earlier.extend(start - step * places for places in range(delay, 0, -1))
        earlier.extend(time for time, _ in times)
        for packet in parts.packets(number):
            yield packet, earlier.popleft()


def _delay(parts: FilmParts, number: int) -> int:
    """How many places packets of a part stand before where they are shown, at most."""
    times = [packet.time for packet in parts.packets(number)]
    place = {time: index for index, time in enumerate(sorted(times))}
    return max((index - place[time] for index, time in enumerate(times)), default=0)


def _moment(packet: Any) -> float:
    time = packet.dts if packet.dts is not None else packet.pts
    return float(time * packet.time_base)


def _mark(origin: Origin, target: Path) -> bytes:
    """The mark of what a film was made from, as something that every player passes by."""
    content = origin.encoded()
    if CONTAINERS[target.suffix.lower()] in ("mp4", "mov"):
        return struct.pack(">I4s", 8 + len(content), b"free") + content
    # An element of EBML named Void; its size has eight bytes, the first of which says so.
    return struct.pack(">BQ", 0xEC, 1 << 56 | len(content)) + content


def refuse_empty(film: Film, count: int) -> None:
    """Refuse a film of which no frame is left.

    Raises:
        DataError: none is left.
    """
    if not count:
        raise DataError(f"{film.path}: no frame is left to be upscaled; the film is damaged")
