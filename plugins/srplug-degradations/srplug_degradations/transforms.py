"""All degradations of this package."""

from srplug_degradations.lenses import (
    ChromaticAberration,
    Halos,
    Interlacing,
    LensBlur,
    MotionBlur,
)
from srplug_degradations.print_and_screens import Palette, Screentone, SensorNoise
from srplug_degradations.still_codecs import AvifDamage, WebP
from srplug_degradations.video import Video

__all__ = [
    "AvifDamage",
    "ChromaticAberration",
    "Halos",
    "Interlacing",
    "LensBlur",
    "MotionBlur",
    "Palette",
    "Screentone",
    "SensorNoise",
    "Video",
    "WebP",
]
