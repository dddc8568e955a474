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
    from srplug_esrdgan import options

    package, noise = "srplug_esrdgan", options.InstanceNoiseOptions
    registry.add(
        "network", "esrdgan", options.GeneratorOptions, f"{package}.networks:ESRDGANGenerator"
    )
    registry.add(
        "discriminator",
        "esrdgan",
        options.DiscriminatorOptions,
        f"{package}.networks:ESRDGANDiscriminator",
    )
    registry.add("labels", "esrdgan", options.LabelOptions, f"{package}.labels:SoftLabels")
    registry.add(
        "discriminator_input", "instance_noise", noise, f"{package}.instance_noise:InstanceNoise"
    )


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
        "srplug_esrdgan.commands:esrdgan",
        "ESRDGAN: networks and training states of the published program.",
    )
