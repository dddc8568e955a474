"""What SeD registers with srcore."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from srcore.hookspecs import hookimpl

if TYPE_CHECKING:
    from srcore.plugin.registry import Registry


@hookimpl
def srcore_register_components(registry: Registry) -> None:
    """Both discriminators."""
    package = "srplug_sed"
    keys = f"{package}.options"
    for name, options, target in (
        ("sed_patch", "SemanticPatchOptions", "SemanticPatchDiscriminator"),
        ("sed_unet", "SemanticUNetOptions", "SemanticUNetDiscriminator"),
    ):
        registry.add(
            "discriminator",
            name,
            f"{keys}:{options}",
            f"{package}.discriminators:{target}",
            needs=("condition", "hr"),
        )


@hookimpl
def srcore_register_experiments(registry: Registry) -> None:
    """The published experiments and a tiny one."""
    registry.add_experiments("sed", Path(__file__).parent / "experiments")
