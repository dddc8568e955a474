"""What spandrel's networks register with srcore."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from srcore.hookspecs import hookimpl

if TYPE_CHECKING:
    from srcore.plugin.registry import Registry


@hookimpl
def srcore_register_components(registry: Registry) -> None:
    """A network per architecture that is installed."""
    from srplug_spandrel.extra import available

    for name, architecture in available().items():
        registry.add(
            "network",
            architecture.component,
            f"srplug_spandrel.options.{name}:Options",
            f"srplug_spandrel.networks:{name}",
            provides=("checkpointed",) if architecture.blocks else (),
        )


@hookimpl
def srcore_register_experiments(registry: Registry) -> None:
    """Published sizes and settings, and a tiny one."""
    registry.add_experiments("spandrel", Path(__file__).parent / "experiments")


@hookimpl
def srcore_register_weight_dialects(registry: Registry) -> None:
    """Files as spandrel reads them."""
    from srplug_spandrel.extra import available

    for name, architecture in available().items():
        registry.add_dialect(architecture.component, f"srplug_spandrel.weights:{name}")
