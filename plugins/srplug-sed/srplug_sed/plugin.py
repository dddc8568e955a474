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
    from srplug_sed import options

    package = "srplug_sed.discriminators"
    for name, keys, target in (
        ("sed_patch", options.SemanticPatchOptions, "SemanticPatchDiscriminator"),
        ("sed_unet", options.SemanticUNetOptions, "SemanticUNetDiscriminator"),
    ):
        needs = ("condition", "hr")
        registry.add("discriminator", name, keys, f"{package}:{target}", needs=needs)


@hookimpl
def srcore_register_experiments(registry: Registry) -> None:
    """The published experiments and a tiny one."""
    registry.add_experiments("sed", Path(__file__).parent / "experiments")
