"""What flow matching registers with srcore."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from srcore.hookspecs import hookimpl

if TYPE_CHECKING:
    from srcore.plugin.registry import Registry


@hookimpl
def srcore_register_components(registry: Registry) -> None:
    """A velocity network, its loss, and the methods that train it."""
    package = "srplug_flow"
    keys = f"{package}.options"
    registry.add(
        "network",
        "flow",
        f"{keys}:FlowOptions",
        f"{package}.networks:Flow",
        provides=("velocity",),
    )
    registry.add(
        "loss",
        "flow_matching",
        None,
        f"{package}.losses:FlowMatchingLoss",
        needs=("hr", "flow_time"),
    )
    for name, options, target, provides in (
        ("flow_matching", "FlowMatchingOptions", "FlowMatching", ("flow_time",)),
        (
            "gan_flow_matching",
            "GanFlowMatchingOptions",
            "GanFlowMatching",
            ("flow_time", "discriminator", "condition"),
        ),
        ("flow_distillation", "FlowDistillationOptions", "FlowDistillation", ("teacher",)),
    ):
        registry.add(
            "method",
            name,
            f"{keys}:{options}",
            f"{package}.methods:{target}",
            needs=("hr",),
            provides=("ema_sr", *provides),
        )


@hookimpl
def srcore_register_experiments(registry: Registry) -> None:
    """A tiny experiment."""
    registry.add_experiments("flow", Path(__file__).parent / "experiments")
