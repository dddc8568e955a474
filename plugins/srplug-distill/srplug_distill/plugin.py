"""What distillation registers with srcore."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from srcore.hookspecs import hookimpl

if TYPE_CHECKING:
    from srcore.plugin.registry import Registry

#: What the methods put into the batch that losses see.
ENTRIES = ("teacher", "curriculum")


@hookimpl
def srcore_register_components(registry: Registry) -> None:
    """Methods with a teacher."""
    package = "srplug_distill"
    registry.add(
        "method",
        "distillation",
        f"{package}.options:DistillationOptions",
        f"{package}.methods:Distillation",
        needs=("hr",),
        provides=("ema_sr", *ENTRIES),
    )
    registry.add(
        "method",
        "gan_distillation",
        f"{package}.options:GanDistillationOptions",
        f"{package}.methods:GanDistillation",
        needs=("hr",),
        provides=("ema_sr", "discriminator", "condition", *ENTRIES),
    )


@hookimpl
def srcore_register_experiments(registry: Registry) -> None:
    """A tiny experiment."""
    registry.add_experiments("distill", Path(__file__).parent / "experiments")
