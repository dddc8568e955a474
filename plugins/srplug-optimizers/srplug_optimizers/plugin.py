"""What the optimizers register with srcore."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from srcore.hookspecs import hookimpl

if TYPE_CHECKING:
    from srcore.plugin.registry import Registry


@hookimpl
def srcore_register_components(registry: Registry) -> None:
    """A component per optimizer of the catalog, and one that takes any other by name."""
    from srplug_optimizers.catalog import OPTIMIZERS

    for name in OPTIMIZERS:
        registry.add(
            "optimizer",
            name,
            f"srplug_optimizers.options.{name}:Options",
            f"srplug_optimizers.optimizers:{name}",
        )
    registry.add(
        "optimizer",
        "pytorch_optimizer",
        "srplug_optimizers.options.pytorch_optimizer:Options",
        "srplug_optimizers.optimizers:by_name",
    )


@hookimpl
def srcore_register_experiments(registry: Registry) -> None:
    """One that trains on the example images."""
    registry.add_experiments("optimizers", Path(__file__).parent / "experiments")
