"""How the frames of one film are encoded: which codec it gets, and its encoder set up."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import attrs

from srcore.errors import DataError, SrcoreError
from srcore.films.codecs import CODECS, THREADS, automatic
from srcore.films.colors import FilmColors, Layout, is_rgb, tag
from srcore.films.library import import_av, reason
from srcore.films.options import FilmOptions
from srcore.options.spelling import spelled


def choose(options: FilmOptions, target: Path, bits: int) -> str:
    """The name of the codec for a film.

    Raises:
        SrcoreError: options that do not go together.
    """
    suffix = target.suffix.lower()
    name = automatic(suffix, bits) if options.codec == "auto" else options.codec
    if name not in CODECS:
        raise UnfitOptionsError(
            f"{spelled('codec', name)}: there is none; use auto, {', '.join(CODECS)}"
        )
    codec = CODECS[name]
    if suffix not in codec.suffixes:
        holders = [spelled("codec", it) for it in CODECS if suffix in CODECS[it].suffixes]
        raise UnfitOptionsError(
            f"{spelled('codec', name)}: {suffix} does not hold it; use "
            f"{' or '.join(codec.suffixes)}, or {' or '.join(holders)}"
        )
    if options.preset is not None and options.preset not in codec.presets:
        expected = f"expected {', '.join(codec.presets)}" if codec.presets else "it has none"
        given = spelled("preset", options.preset)
        raise UnfitOptionsError(f"{given}: not one of {name}; {expected}")
    if options.crf is not None and codec.crf is None:
        raise UnfitOptionsError(f"{spelled('crf')}: {name} loses nothing and has none")
    if options.crf is not None and options.crf > codec.largest_crf:
        raise UnfitOptionsError(
            f"{spelled('crf', options.crf)}: {name} takes at most {codec.largest_crf:g}"
        )
    return name


class UnfitOptionsError(SrcoreError):
    """Options that no film can make right."""

    exit_code = 2


@attrs.frozen(kw_only=True)
class Encoding:
    """How the upscaled frames of a film are encoded.

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
                f"({self.pixel_format}): {reason(error)}; use another codec or a larger size"
            ) from error
        return context

    def configure(self, context: Any) -> None:
        """Set up an encoder that is not open yet."""
        context.width, context.height = self.width, self.height
        context.pix_fmt = self.pixel_format
        context.time_base, context.framerate = self.time_base, self.rate
        context.thread_count = THREADS
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
