"""What ESRDGAN registers with srcore."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from srcore.hookspecs import hookimpl
from srplug_esrdgan import options

if TYPE_CHECKING:
    import click

    from srcore.registry import Registry

_PARTS = (
    ("network", "esrdgan", options.GeneratorOptions, "networks:Generator"),
    ("discriminator", "esrdgan", options.DiscriminatorOptions, "networks:Discriminator"),
    ("labels", "esrdgan", options.LabelOptions, "labels:SoftLabels"),
    (
        "discriminator_input",
        "instance_noise",
        options.InstanceNoiseOptions,
        "instance_noise:InstanceNoise",
    ),
)


@hookimpl
def srcore_register_components(registry: Registry) -> None:
    """Networks, labels and noise."""
    for kind, name, table, target in _PARTS:
        registry.add(kind, name, table, f"srplug_esrdgan.{target}")


@hookimpl
def srcore_register_experiments(registry: Registry) -> None:
    """The published configurations and a tiny one."""
    registry.add_experiments("esrdgan", Path(__file__).parent / "experiments")


@hookimpl
def srcore_register_weight_dialects(registry: Registry) -> None:
    """Published checkpoints."""
    registry.add_dialect("esrdgan_official", "srplug_esrdgan.weights:OFFICIAL")


@hookimpl
def srcore_register_commands(cli: click.Group) -> None:
    """``srcore esrdgan``."""
    from srplug_esrdgan.commands import esrdgan

    cli.add_command(esrdgan)
