"""Encoders of films: what each can hold, its settings, and how it is set up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import attrs

from srcore.errors import DataError, SrcoreError
from srcore.films.colors import FilmColors, Layout, is_rgb, tag
from srcore.films.library import import_av, reason
from srcore.films.options import FilmOptions

_X26X = (
    *("ultrafast", "superfast", "veryfast", "faster", "fast"),
    *("medium", "slow", "slower", "veryslow", "placebo"),
)
_ISO = (".mp4", ".m4v", ".mov")
#: The number of threads changes what encoders make, so it is the same on every machine.
_THREADS = 4


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
        "libx264", (*_ISO, ".mkv"), _X26X, "medium", 18, 51,
        lambda crf, preset: {"crf": crf, "preset": preset},
        needs_even=True,
    ),
    "h265": FilmCodec(
        "libx265", (*_ISO, ".mkv"), _X26X, "medium", 20, 51,
        lambda crf, preset: {
            "crf": crf,
            "preset": preset,
            "x265-params": f"log-level=none:pools={_THREADS}:frame-threads=2",
        },
        needs_even=True,
    ),
    "vp9": FilmCodec(
        "libvpx-vp9", (".webm", ".mkv", ".mp4", ".m4v"), tuple(map(str, range(9))), "3", 24, 63,
        lambda crf, preset: {"crf": crf, "b": "0", "deadline": "good", "cpu-used": preset},
    ),
    "av1": FilmCodec(
        "libsvtav1", (*_ISO, ".mkv", ".webm"), tuple(map(str, range(14))), "8", 24, 63,
        lambda crf, preset: {
            "crf": crf, "preset": preset, "svtav1-params": f"lp={_THREADS}",
        },
    ),
    "ffv1": FilmCodec(
        "ffv1", (".mkv",), (), "", None, 0,
        lambda crf, preset: {"level": "3", "slices": str(_THREADS), "slicecrc": "1"},
    ),
}  # fmt: skip


def choose(options: FilmOptions, target: Path, bits: int) -> str:
    """The name of the codec for a film.

    Raises:
        SrcoreError: options that do not go together.
    """
    suffix, name = target.suffix.lower(), options.codec
    if name == "auto":
        name = "vp9" if suffix == ".webm" else "h265" if bits > 8 else "h264"
    if name not in CODECS:
        raise UnfitOptionsError(f"codec {name}: there is none; use auto, {', '.join(CODECS)}")
    codec = CODECS[name]
    if suffix not in codec.suffixes:
        holders = [it for it, other in CODECS.items() if suffix in other.suffixes]
        raise UnfitOptionsError(
            f"--codec {name}: {suffix} does not hold it; use {' or '.join(codec.suffixes)}, or "
            f"--codec {' or '.join(holders)}"
        )
    if options.preset is not None and options.preset not in codec.presets:
        expected = f"expected {', '.join(codec.presets)}" if codec.presets else "it has none"
        raise UnfitOptionsError(f"--preset {options.preset}: not one of {name}; {expected}")
    if options.crf is not None and codec.crf is None:
        raise UnfitOptionsError(f"--crf: {name} loses nothing and has none")
    if options.crf is not None and options.crf > codec.largest_crf:
        raise UnfitOptionsError(
            f"--crf {options.crf:g}: {name} takes at most {codec.largest_crf:g}"
        )
    return name


class UnfitOptionsError(SrcoreError):
    """Options that no film can make right."""

    exit_code = 2


@attrs.frozen(kw_only=True)
class Encoding:
    """How the enlarged pictures of a film are encoded.

    Attributes:
        name: of the codec.
        settings: options of its encoder.
        pixel_format: that of the encoded frames.
        height: of the encoded frames.
        width: of the encoded frames.
        colors: what is said of them.
        aspect: width / height of a pixel; None: not said.
        time_base: unit of time stamps, seconds.
        rate: frames per second, roughly.
        in_iso: whether the container is one of MP4's kind.
    """

    name: str
    settings: Mapping[str, str]
    pixel_format: str
    height: int
    width: int
    colors: FilmColors
    aspect: Fraction | None
    time_base: Fraction
    rate: Fraction
    in_iso: bool

    @property
    def encoder(self) -> str:
        """FFmpeg's name of the encoder."""
        return CODECS[self.name].encoder

    def context(self, where: Path) -> Any:
        """An encoder that is ready.

        Raises:
            DataError: it refuses the size or a setting.
        """
        av = import_av()
        context = av.CodecContext.create(self.encoder, "w")
        context.flags |= av.codec.context.Flags.global_header
        self.configure(context)
        try:
            context.open()
        except av.error.FFmpegError as error:
            raise DataError(
                f"{where}: {self.name} does not take {self.width}x{self.height} pixels "
                f"({self.pixel_format}): {reason(error)}; use another --codec or a larger size"
            ) from error
        return context

    def configure(self, context: Any) -> None:
        """Set up an encoder that is not open yet."""
        context.width, context.height = self.width, self.height
        context.pix_fmt = self.pixel_format
        context.time_base, context.framerate = self.time_base, self.rate
        context.thread_count = _THREADS
        context.options = dict(self.settings)
        if self.aspect is not None:
            context.sample_aspect_ratio = self.aspect
        if self.in_iso and self.name == "h265":
            context.codec_tag = "hvc1"  # the other kind is not played by Apple's programs
        tag(context, self.colors, self.pixel_format)


def encoding_settings(name: str, options: FilmOptions) -> dict[str, str]:
    """Options of the encoder."""
    codec = CODECS[name]
    crf = options.crf if options.crf is not None else codec.crf
    return codec.settings("" if crf is None else f"{crf:g}", options.preset or codec.preset)


def fitting_format(name: str, layout: Layout, bits: int) -> str:
    """The pixel format of an encoder that is nearest to a layout: depth first, then colors."""
    formats = {it.name for it in import_av().Codec(CODECS[name].encoder, "w").video_formats}
    chroma = {"gray": "420", "rgb": "444"}.get(layout.chroma, layout.chroma)
    depths = sorted({8, 10, 12, 16}, key=lambda depth: (depth < bits, abs(depth - bits)))
    for depth in depths:
        ending = "" if depth == 8 else f"{depth}le"
        as_rgb = "bgr0" if depth == 8 else f"gbrp{ending}"
        if layout.chroma == "rgb" and CODECS[name].crf is None and as_rgb in formats:
            return as_rgb
        for kind in (chroma, "444", "422", "420"):
            if f"yuv{kind}p{ending}" in formats:
                return f"yuv{kind}p{ending}"
    raise AssertionError(f"{name} has no format")


def even_sides(name: str, pixel_format: str, size: tuple[int, int]) -> tuple[int, int]:
    """Height and width that an encoder takes, at most one pixel more."""
    height, width = size
    if is_rgb(pixel_format) or not CODECS[name].needs_even or "444" in pixel_format:
        return height, width
    return (height + height % 2 if "420" in pixel_format else height), width + width % 2
