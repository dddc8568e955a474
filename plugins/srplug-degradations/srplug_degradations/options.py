"""TOML keys of the degradations. Ranges are [lowest, highest], drawn uniformly for every image."""

from __future__ import annotations

from typing import Any, Literal

import attrs

from srcore.options import Range, option, ordered, range_option
from srcore.options.shared_keys import gray_noise_probability


def _not_empty(value: Any) -> str:
    return "" if value else "expected at least one, found none"


@attrs.frozen(kw_only=True)
class DegradationOptions:
    """What all degradations have."""

    image: Literal["lr", "hr"] = option("lr", "which tensor of the batch to change", entry=True)
    probability: float = option(1.0, "how often an image is changed", ge=0, le=1)

    def entries(self) -> tuple[str, ...]:
        """It makes nothing that was not there."""
        return ()


@attrs.frozen(kw_only=True)
class WebPOptions(DegradationOptions):
    """Lossy WebP: smooth areas become blocks of gradients, colors are of half resolution."""

    channels = 3  # of the only images that it works on

    quality: Range = range_option((30.0, 90.0), "quality, rounded to whole numbers", ge=1, le=100)
    method: int = option(4, "effort of the coder, 0 to 6", ge=0, le=6)


@attrs.frozen(kw_only=True)
class AvifDamageOptions(DegradationOptions):
    """AVIF: texture is smoothed away, edges stay."""

    channels = 3  # of the only images that it works on

    quality: Range = range_option((20.0, 80.0), "quality, rounded to whole numbers", ge=1, le=100)
    speed: int = option(8, "speed of the coder, 0 (slow) to 10", ge=0, le=10)


@attrs.frozen(kw_only=True)
class VideoOptions(DegradationOptions):
    """A frame of a video: H.264, H.265, VP9 or AV1.

    Needs ``pip install 'srplug-degradations[video]'`` (PyAV). Every image becomes a short film that
    moves, whose last frame is the result: it has the errors of prediction beside those of
    compression. A crf is the codec's own measure: the larger, the worse.

        [[data.train.transforms]]
        type = "video"
        codecs = ["h264", "av1"]
    """

    channels = 3  # of the only images that it works on

    codecs: tuple[Literal["h264", "h265", "vp9", "av1"], ...] = option(
        ("h264", "h265", "vp9", "av1"), "codecs to draw from", check=_not_empty
    )
    h264_crf: Range = range_option((20.0, 38.0), "of H.264, rounded", ge=0, le=51)
    h265_crf: Range = range_option((22.0, 40.0), "of H.265, rounded", ge=0, le=51)
    vp9_crf: Range = range_option((28.0, 55.0), "of VP9, rounded", ge=0, le=63)
    av1_crf: Range = range_option((30.0, 58.0), "of AV1, rounded", ge=1, le=63)
    frames: tuple[int, int] = option((1, 4), "frames of the film", ge=1, le=30, check=ordered)
    motion: Range = range_option(
        (0.0, 2.0), "pixels that the image moves from frame to frame", ge=0
    )


@attrs.frozen(kw_only=True)
class InterlacingOptions(DegradationOptions):
    """Two fields of different moments in one image: combs at what moves sideways."""

    shift: Range = range_option((1.0, 6.0), "pixels that the image moves between the fields", ge=0)
    kinds: tuple[Literal["comb", "blend", "bob"], ...] = option(
        ("comb", "blend", "bob"),
        "comb: both fields as they are; blend: their mean; bob: one field, its rows interpolated",
        check=_not_empty,
    )


@attrs.frozen(kw_only=True)
class HalosOptions(DegradationOptions):
    """Over-sharpening: bright and dark lines beside edges."""

    sigma: Range = range_option(
        (0.8, 2.5), "standard deviation of the Gaussian, pixels", gt=0, le=20
    )
    amount: Range = range_option((0.5, 2.0), "of the difference that is added", ge=0)


@attrs.frozen(kw_only=True)
class PaletteOptions(DegradationOptions):
    """Few colors, as in GIF and on old screens, with or without dithering."""

    channels = 3  # of the only images that it works on

    colors: tuple[int, int] = option((8, 64), "colors of an image", ge=2, le=256, check=ordered)
    kinds: tuple[Literal["none", "diffusion", "bayer"], ...] = option(
        ("none", "diffusion", "bayer"),
        "none: nearest colors; diffusion: Floyd and Steinberg; both of a palette by median cut; "
        "bayer: ordered, the colors being equal steps of every channel",
        check=_not_empty,
    )


@attrs.frozen(kw_only=True)
class ScreentoneOptions(DegradationOptions):
    """Dots of print: the darker, the larger."""

    period: Range = range_option((3.0, 8.0), "distance of the dots, pixels", ge=1.5)
    angle: Range = range_option(
        (0.0, 90.0), "of the screen, degrees; colors have angles of their own"
    )
    hardness: Range = range_option((4.0, 16.0), "steepness of the dots' edges", gt=0)
    mono_probability: float = option(
        0.5, "how often dots are gray and of one screen, as in manga", ge=0, le=1
    )


@attrs.frozen(kw_only=True)
class ChromaticAberrationOptions(DegradationOptions):
    """Red and blue of another size than green: colored edges towards the corners."""

    channels = 3  # of the only images that it works on

    shift: Range = range_option(
        (-2.0, 2.0), "pixels that red is moved outwards at the corners, and blue inwards"
    )


@attrs.frozen(kw_only=True)
class MotionBlurOptions(DegradationOptions):
    """Blur along a line."""

    length: Range = range_option((2.0, 12.0), "of the line, pixels", ge=1, le=60)
    angle: Range = range_option((0.0, 180.0), "of the line, degrees")


@attrs.frozen(kw_only=True)
class LensBlurOptions(DegradationOptions):
    """Out of focus: every point becomes a disk."""

    radius: Range = range_option((0.8, 4.0), "of the disk, pixels", gt=0, le=30)


@attrs.frozen(kw_only=True)
class SensorNoiseOptions(DegradationOptions):
    """Noise of a sensor, in linear light: more of it where there is light, most seen in the dark.

    The variance of a value x in [0, 1] is ``shot x + read^2`` (Foi et al., 2008).
    """

    shot: Range = range_option((0.0005, 0.01), "variance per light", ge=0)
    read: Range = range_option((0.001, 0.02), "standard deviation in the dark", ge=0)
    gray_probability: float = gray_noise_probability()
