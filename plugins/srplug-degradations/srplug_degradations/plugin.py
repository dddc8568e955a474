"""What the degradations register with srcore."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from srcore.hookspecs import hookimpl

if TYPE_CHECKING:
    from srcore.plugin.registry import Registry

_TRANSFORMS = {
    "webp": "still_codecs:WebP",
    "avif": "still_codecs:AvifDamage",
    "video": "video:Video",
    "interlacing": "lenses:Interlacing",
    "halos": "lenses:Halos",
    "palette": "print_and_screens:Palette",
    "screentone": "print_and_screens:Screentone",
    "chromatic_aberration": "lenses:ChromaticAberration",
    "motion_blur": "lenses:MotionBlur",
    "lens_blur": "lenses:LensBlur",
    "sensor_noise": "print_and_screens:SensorNoise",
}


@hookimpl
def srcore_register_components(registry: Registry) -> None:
    """A transform per damage."""
    for name, target in _TRANSFORMS.items():
        options = f"srplug_degradations.options:{target.partition(':')[2]}Options"
        registry.add("transform", name, options, f"srplug_degradations.{target}")


@hookimpl
def srcore_register_experiments(registry: Registry) -> None:
    """A tiny training on all of them."""
    registry.add_experiments("degradations", Path(__file__).parent / "experiments")
