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
    package = "srplug_dlsn"
    keys = f"{package}.options"
    registry.add("network", "dlsn", f"{keys}:DLSNOptions", f"{package}.networks:DLSN")
    registry.add(
        "transform",
        "blur_downscale",
        f"{keys}:BlurDownscaleOptions",
        f"{package}.transforms:BlurDownscale",
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
