"""What is copied from a film as it is: sound, subtitles, attachments, chapters, texts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

from srcore.films.encoding import Encoding
from srcore.films.facts import Film

#: What a container says of itself.
_OF_CONTAINERS = {"major_brand", "minor_version", "compatible_brands", "encoder"}
#: Texts of a stream of frames that remain true.
_OF_PICTURES = ("language", "title", "handler_name", "timecode")


@attrs.frozen
class Streams:
    """The streams of a film that is written.

    Attributes:
        frames: gets the upscaled ones.
        copies: what is copied, by its index in the source.
        left_out: a word for everything that the container does not hold.
    """

    frames: Any
    copies: dict[int, Any]
    left_out: tuple[str, ...]


def add_streams(
    source: Any, written: Any, film: Film, encoding: Encoding, *, strip: bool = False
) -> Streams:
    """Prepare a film that is written: its streams in the order of the source, chapters, texts.

    Args:
        source: PyAV's container that is read.
        written: that which is written.
        film: what is known of the source.
        encoding: of the frames.
        strip: leave out the texts about the film.
    """
    frames, copies, left_out = None, {}, []
    chapters = source.chapters()
    for stream in source.streams:
        if stream.index == film.index:
            frames = made = written.add_stream(
                encoding.encoder, rate=encoding.rate, time_base=encoding.time_base
            )
            encoding.configure(made.codec_context)
            texts = {
                name: stream.metadata[name] for name in _OF_PICTURES if name in stream.metadata
            }
        else:
            made = _stream_like(stream, written)
            if made is None:
                if not (stream.type == "data" and chapters):  # titles of chapters in MP4
                    left_out.append(_word(stream))
                continue
            copies[stream.index] = made
            texts = dict(stream.metadata)
        made.metadata.update(texts)
        made.disposition = stream.disposition
    if chapters:
        written.set_chapters(chapters)
    if not strip:
        texts = {name: it for name, it in source.metadata.items() if name not in _OF_CONTAINERS}
        written.metadata.update(texts)
    return Streams(frames, copies, tuple(left_out))


def copied_packets(source: Any, streams: Streams) -> Iterator[Any]:
    """Packets of the streams that are copied, as they stand in the source."""
    kept = [it for it in source.streams if it.index in streams.copies and it.type != "attachment"]
    if not kept:
        return
    for packet in source.demux(kept):
        if packet.size and (packet.dts is not None or packet.pts is not None):
            packet.stream = streams.copies[packet.stream_index]
            yield packet


def unheld(left_out: tuple[str, ...], target: Path) -> str:
    """A line about streams that are left out, empty if there are none."""
    if not left_out:
        return ""
    other = "" if target.suffix.lower() == ".mkv" else "; .mkv holds more"
    return f"left out, {target.suffix} does not hold it: {', '.join(left_out)}{other}"


def _stream_like(stream: Any, written: Any) -> Any:
    """A stream like another one; None where the container does not hold it."""
    if stream.type == "data" or (
        stream.type == "attachment" and "matroska" not in written.format.name
    ):
        return None
    try:
        return written.add_stream_from_template(stream, opaque=True)
    except ValueError:
        return None


def _word(stream: Any) -> str:
    context = stream.codec_context
    codec = f" ({context.name})" if context is not None else ""
    return f"{stream.type} stream {stream.index}{codec}"
