"""What CycleGAN registers with srcore."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from srcore.hookspecs import hookimpl

if TYPE_CHECKING:
    from srcore.plugin.registry import Registry


@hookimpl
def srcore_register_components(registry: Registry) -> None:
    """The method, and a network that degrades."""
    package = "srplug_cyclegan"
    keys = f"{package}.options"
    registry.add(
        "method",
        "cyclegan",
        f"{keys}:CycleGanOptions",
        f"{package}.method:CycleGan",
        needs=("lr", "hr"),
        provides=("discriminator", "condition", "ema_sr"),
    )
    registry.add(
        "network",
        "cyclegan_degradation",
        f"{keys}:DegradationNetworkOptions",
        f"{package}.networks:DegradationNetwork",
        provides=("shrinks",),
    )


@hookimpl
def srcore_register_experiments(registry: Registry) -> None:
    """Published settings at scale 4, and a tiny one."""
    registry.add_experiments("cyclegan", Path(__file__).parent / "experiments")
