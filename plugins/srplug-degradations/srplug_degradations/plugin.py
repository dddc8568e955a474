"""What the degradations register with srcore."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from srcore.hookspecs import hookimpl

if TYPE_CHECKING:
    from srcore.plugin.registry import Registry

_TRANSFORMS = {
    "webp": "WebP",
    "avif": "AvifDamage",
    "video": "Video",
    "interlacing": "Interlacing",
    "halos": "Halos",
    "palette": "Palette",
    "screentone": "Screentone",
    "chromatic_aberration": "ChromaticAberration",
    "motion_blur": "MotionBlur",
    "lens_blur": "LensBlur",
    "sensor_noise": "SensorNoise",
}


@hookimpl
def srcore_register_components(registry: Registry) -> None:
    """A transform per damage."""
    for name, cls in _TRANSFORMS.items():
        registry.add(
            "transform",
            name,
            f"srplug_degradations.options:{cls}Options",
            f"srplug_degradations.transforms:{cls}",
        )


@hookimpl
def srcore_register_experiments(registry: Registry) -> None:
    """A tiny training on all of them."""
    registry.add_experiments("degradations", Path(__file__).parent / "experiments")
