"""What OSEDiff registers with srcore."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from srcore.hookspecs import hookimpl

if TYPE_CHECKING:
    from srcore.plugin.registry import Registry


@hookimpl
def srcore_register_components(registry: Registry) -> None:
    """A generator, what makes one of a text-to-image model, and what trains it."""
    package = "srplug_osediff"
    keys = f"{package}.options"
    registry.add(
        "network",
        "osediff",
        f"{keys}:OSEDiffOptions",
        f"{package}.networks:OSEDiff",
        provides=("latents", "checkpointed"),
    )
    registry.add(
        "task", "osediff_base", f"{keys}:OSEDiffBaseOptions", f"{package}.tasks:OSEDiffBase"
    )
    registry.add(
        "loss",
        "score_distillation",
        f"{keys}:ScoreDistillationOptions",
        f"{package}.losses:ScoreDistillationLoss",
        needs=("latents",),
    )
    for name, options, target, provides in (
        ("osediff", "OSEDiffTrainingOptions", "OSEDiffTraining", ()),
        ("gan_osediff", "GanOSEDiffOptions", "GanOSEDiff", ("discriminator", "condition")),
    ):
        registry.add(
            "method",
            name,
            f"{keys}:{options}",
            f"{package}.methods:{target}",
            needs=("hr",),
            provides=("ema_sr", "latents", *provides),
        )


@hookimpl
def srcore_register_experiments(registry: Registry) -> None:
    """Published settings, and a tiny experiment."""
    registry.add_experiments("osediff", Path(__file__).parent / "experiments")
