"""Tiny films, for examples and tests; PyAV writes them."""

from __future__ import annotations

from pathlib import Path

from srcore.testing.tiny_images import tiny_image


def write_tiny_film(path: Path, count: int = 3, *, height: int = 32, width: int = 32) -> Path:
    """Write ``count`` tiny images as the frames of a film, 25 a second, and return its path.

    Needs PyAV (``pip install 'srcore[video]'``).

    >>> import tempfile, srcore
    >>> film = srcore.testing.write_tiny_film(Path(tempfile.mkdtemp()) / "film.mp4")
    >>> film.stat().st_size > 0
    True

    Args:
        path: the film, of a container that holds h264, such as ``.mp4``.
        count: of frames.
        height: of frames, even.
        width: of frames, even.
    """
    from srcore.films.library import import_av

    av = import_av()
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as film:
        stream = film.add_stream("libx264", rate=25)
        stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p"
        for index in range(count):
            frame = av.VideoFrame.from_ndarray(tiny_image(index, height, width), format="rgb24")
            film.mux(stream.encode(frame))
        film.mux(stream.encode())
    return path
