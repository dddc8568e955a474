"""What ESRDGAN registers with srcore."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from srcore.hookspecs import hookimpl

if TYPE_CHECKING:
    from srcore.cli.main import SrcoreGroup
    from srcore.plugin.registry import Registry


@hookimpl
def srcore_register_components(registry: Registry) -> None:
    """Networks, labels and noise."""
    package = "srplug_esrdgan"
    keys = f"{package}.options"
    for kind, name, options, target in (
        ("network", "esrdgan", "GeneratorOptions", "networks:ESRDGANGenerator"),
        ("discriminator", "esrdgan", "DiscriminatorOptions", "networks:ESRDGANDiscriminator"),
        ("labels", "esrdgan", "LabelOptions", "labels:SoftLabels"),
        (
            "discriminator_input",
            "instance_noise",
            "InstanceNoiseOptions",
            "instance_noise:InstanceNoise",
        ),
    ):
        registry.add(kind, name, f"{keys}:{options}", f"{package}.{target}")


@hookimpl
def srcore_register_experiments(registry: Registry) -> None:
    """The published configurations and a tiny one."""
    registry.add_experiments("esrdgan", Path(__file__).parent / "experiments")


@hookimpl
def srcore_register_weight_dialects(registry: Registry) -> None:
    """Published checkpoints."""
    registry.add_dialect("esrdgan_official", "srplug_esrdgan.weights:OFFICIAL")


@hookimpl
def srcore_register_commands(cli: SrcoreGroup) -> None:
    """``srcore esrdgan``."""
    cli.add_target(
        "esrdgan",
        "srplug_esrdgan.commands:command",
        "ESRDGAN: networks and training states of the published program.",
    )
