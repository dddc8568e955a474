"""Codecs that films are written with: their numbers and words stand here and nowhere else.

Help texts are made of them (:mod:`srcore.films.options`), and so is the table of the documentation
(``docs/writers/films.py``). Nothing here needs PyAV.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import attrs

from srcore.films.names import ISO_SUFFIXES

CodecName = Literal["auto", "h264", "h265", "vp9", "av1", "ffv1"]

_X26X = (
    *("ultrafast", "superfast", "veryfast", "faster", "fast"),
    *("medium", "slow", "slower", "veryslow", "placebo"),
)
#: The number of threads changes what encoders make, so it is the same on every machine.
THREADS = 4


@attrs.frozen
class FilmCodec:
    """A codec that films are written with.

    Attributes:
        encoder: FFmpeg's name.
        suffixes: of containers that hold it.
        presets: words that it takes; empty: it has none.
        preset: what it is without one.
        crf: without one; None: it has none.
        largest_crf: upper limit.
        settings: options of the encoder from crf and preset.
        needs_even: whether sides that colors of half resolution divide must be even.
    """

    encoder: str
    suffixes: tuple[str, ...]
    presets: tuple[str, ...]
    preset: str
    crf: float | None
    largest_crf: float
    settings: Callable[[str, str], dict[str, str]]
    needs_even: bool = False


CODECS = {
    "h264": FilmCodec(
        "libx264", (*ISO_SUFFIXES, ".mkv"), _X26X, "medium", 18, 51,
        lambda crf, preset: {"crf": crf, "preset": preset},
        needs_even=True,
    ),
    "h265": FilmCodec(
        "libx265", (*ISO_SUFFIXES, ".mkv"), _X26X, "medium", 20, 51,
        lambda crf, preset: {
            "crf": crf,
            "preset": preset,
            "x265-params": f"log-level=none:pools={THREADS}:frame-threads=2",
        },
        needs_even=True,
    ),
    "vp9": FilmCodec(
        "libvpx-vp9", (".webm", ".mkv", ".mp4", ".m4v"), tuple(map(str, range(9))), "3", 24, 63,
        lambda crf, preset: {"crf": crf, "b": "0", "deadline": "good", "cpu-used": preset},
    ),
    "av1": FilmCodec(
        "libsvtav1", (*ISO_SUFFIXES, ".mkv", ".webm"), tuple(map(str, range(14))), "8", 24, 63,
        lambda crf, preset: {
            "crf": crf, "preset": preset, "svtav1-params": f"lp={THREADS}",
        },
    ),
    "ffv1": FilmCodec(
        "ffv1", (".mkv",), (), "", None, 0,
        lambda crf, preset: {"level": "3", "slices": str(THREADS), "slicecrc": "1"},
    ),
}  # fmt: skip

#: What ``"auto"`` stands for: usually, of more than 8 bits, in WebM whatever the bits.
_USUAL, _OF_DEEP, _IN_WEBM = "h264", "h265", "vp9"
_WEBM = ".webm"


def automatic(suffix: str, bits: int) -> str:
    """The codec that ``"auto"`` is in a container, by its suffix, at so many bits per sample.

    >>> automatic(".mkv", 8), automatic(".mp4", 10), automatic(".webm", 10)
    ('h264', 'h265', 'vp9')
    """
    return _IN_WEBM if suffix == _WEBM else _OF_DEEP if bits > 8 else _USUAL


def automatic_in_words(mark: str = "") -> str:
    """What :func:`automatic` does; the suffix between two marks.

    >>> automatic_in_words()
    'h264, of more than 8 bits h265, in .webm vp9'
    """
    return f"{_USUAL}, of more than 8 bits {_OF_DEEP}, in {mark}{_WEBM}{mark} {_IN_WEBM}"


def crf_in_words() -> str:
    """What ``crf`` is of each codec that has it.

    >>> crf_in_words()
    '18 (h264), 20 (h265), 24 (vp9, av1)'
    """
    return _by_value(
        {it: f"{codec.crf:g}" for it, codec in CODECS.items() if codec.crf is not None}
    )


def presets_in_words() -> str:
    """Presets of each codec that has some, with what they are without one.

    >>> presets_in_words()
    'ultrafast to placebo, else medium (h264, h265), 0 to 8, else 3 (vp9), 0 to 13, else 8 (av1)'
    """
    return _by_value(
        {
            name: f"{codec.presets[0]} to {codec.presets[-1]}, else {codec.preset}"
            for name, codec in CODECS.items()
            if codec.presets
        }
    )


def _by_value(texts: dict[str, str]) -> str:
    """``value (names that have it)`` for every value, in order."""
    names: dict[str, list[str]] = {}
    for name, text in texts.items():
        names.setdefault(text, []).append(name)
    return ", ".join(f"{text} ({', '.join(those)})" for text, those in names.items())
