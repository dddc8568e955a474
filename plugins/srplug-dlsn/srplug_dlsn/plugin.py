"""What the plugin adds to srcore."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from srcore.hookspecs import hookimpl

if TYPE_CHECKING:
    from srcore.plugin.registry import Registry


@hookimpl
def srcore_register_components(registry: Registry) -> None:
    """The network and the BD degradation."""
    from srplug_dlsn.options import BlurDownscaleOptions, DLSNOptions

    registry.add("network", "dlsn", DLSNOptions, "srplug_dlsn.networks:DLSN")
    registry.add(
        "transform",
        "blur_downscale",
        BlurDownscaleOptions,
        "srplug_dlsn.transforms:BlurDownscale",
        needs=("hr",),
    )


@hookimpl
def srcore_register_experiments(registry: Registry) -> None:
    """Published and small training settings."""
    registry.add_experiments("dlsn", Path(__file__).parent / "experiments")


@hookimpl
def srcore_register_weight_dialects(registry: Registry) -> None:
    """The published checkpoint files."""
    registry.add_dialect("dlsn_official", "srplug_dlsn.weights:OFFICIAL")
