"""Small films, made by PyAV, and what is in a film."""

from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import srcore
from srcore.testing.weights import write_weights

EVERY_25TH = 512  # of a second, in the unit that films have here
UNIT = Fraction(1, 12800)


def slopes(count, height, width):
    """Slopes that move."""
    y, x = np.mgrid[:height, :width]
    for k in range(count):
        planes = [x * 5 + k * 8, y * 7 + k * 3, (x + y) * 4 + k * 11]
        yield np.stack([plane % 256 for plane in planes], -1).astype(np.uint8)


def write_film(
    path,
    count=8,
    size=(32, 48),
    *,
    codec="libx264",
    pixel_format="yuv420p",
    times=None,
    unit=UNIT,
    sound=(),
    subtitles=None,
    colors=None,
    aspect=None,
    rotation=None,
    options=None,
    metadata=None,
    chapters=None,
    attachment=None,
    faststart=False,
):
    """Write a film of a second or less; sound is a language for every stream."""
    import av

    height, width = size
    times = times or [k * EVERY_25TH for k in range(count)]
    container_options = {"movflags": "faststart"} if faststart else {}
    with av.open(str(path), "w", options=container_options) as container:
        container.metadata.update(metadata or {})
        stream = container.add_stream(codec, rate=25, options=options or {}, time_base=unit)
        stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
        context = stream.codec_context
        context.time_base, context.thread_count = unit, 1
        names = ("color_primaries", "color_trc", "colorspace", "color_range")
        for name, value in zip(names, colors or (), strict=bool(colors)):
            setattr(context, name, value)
        if aspect:
            context.sample_aspect_ratio = aspect
        if rotation:
            stream.set_display_rotation(rotation)
        tracks = [container.add_stream("aac", rate=44100) for _ in sound]
        for track, language in zip(tracks, sound, strict=True):
            track.metadata["language"] = language
        texts = container.add_mux_stream(subtitles) if subtitles else None
        if attachment:
            container.add_attachment(*attachment)
        if chapters:
            container.set_chapters(chapters)
        if texts is not None:
            _write_texts(container, texts, subtitles)
        for time, picture in zip(times, slopes(len(times), height, width), strict=True):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame = frame.reformat(format=pixel_format)
            frame.pts, frame.time_base = time, unit
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        for number, track in enumerate(tracks):
            _write_sound(container, track, number, (times[-1] + EVERY_25TH) * unit)
    return path


def _write_texts(container, stream, kind):
    import av

    stream.time_base = Fraction(1, 1000)
    container.start_encoding()
    for start, text in ((0, b"one"), (120, b"two")):
        packet = av.Packet(len(text).to_bytes(2, "big") + text if kind == "mov_text" else text)
        packet.stream, packet.time_base = stream, Fraction(1, 1000)
        packet.pts = packet.dts = start
        packet.duration = 100
        container.mux(packet)


def _write_sound(container, stream, number, seconds):
    import av

    total = int(seconds * 44100)
    for start in range(0, total, 1024):
        ramp = np.arange(start, min(start + 1024, total), dtype=np.float32)
        wave = np.sin(ramp * 0.05 * (number + 1)) * 0.3
        frame = av.AudioFrame.from_ndarray(np.stack([wave, wave]), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = 44100, start, Fraction(1, 44100)
        container.mux(stream.encode(frame))
    container.mux(stream.encode())


def contents(path):
    """All that tests compare of a film."""
    import av

    with av.open(str(path)) as container:
        streams = [
            SimpleNamespace(
                type=it.type,
                codec=it.codec_context.name if it.codec_context else None,
                language=it.language,
            )
            for it in container.streams
        ]
        packets = {it.index: [] for it in container.streams}
        for packet in container.demux():
            if packet.size:
                packets[packet.stream_index].append(
                    (float(packet.pts * packet.time_base), bytes(packet))
                )
        metadata, chapters = dict(container.metadata), container.chapters()
        seconds = (container.duration or 0) / 1e6
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
        aspect = container.streams.video[0].sample_aspect_ratio
    return SimpleNamespace(
        streams=streams,
        packets=packets,
        metadata=metadata,
        chapters=chapters,
        seconds=seconds,
        frames=frames,
        times=[frame.pts * frame.time_base for frame in frames],
        aspect=aspect,
    )


@pytest.fixture(scope="session")
def films():
    """Makes films and reads them; skips where PyAV is missing."""
    pytest.importorskip("av").logging.set_level(-8)
    return SimpleNamespace(write=write_film, contents=contents, second=Fraction(1))


@pytest.fixture(scope="session")
def tiny_network():
    torch.manual_seed(0)
    return srcore.build("network", "edsr", scale=2, num_features=4, num_blocks=1).eval()


@pytest.fixture(scope="session")
def doubling():
    """A network that repeats every pixel, so that colors and places can be compared."""

    class Doubling(torch.nn.Module):
        scale = 2
        in_channels = 3

        def forward(self, lr):
            return torch.nn.functional.interpolate(lr, scale_factor=2, mode="nearest")

    return Doubling().eval()


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory):
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "tiny_x2.safetensors"
    write_weights(path, "edsr", num_features=4, num_blocks=1)
    return path
