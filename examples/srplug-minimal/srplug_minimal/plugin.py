"""What this plugin brings. Keep it light: it is imported whenever ``srcore`` starts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import srcore

if TYPE_CHECKING:
    from srcore.plugin.registry import Registry


@srcore.hookimpl
def srcore_register_components(registry: Registry) -> None:
    """Options and targets are text, so that listing components does not import torch."""
    keys = "srplug_minimal.options"
    loss, network = "srplug_minimal.losses:MinimalLoss", "srplug_minimal.networks:MinimalNet"
    registry.add("loss", "minimal", f"{keys}:MinimalLossOptions", loss)
    registry.add("network", "minimal_net", f"{keys}:MinimalNetOptions", network)


@srcore.hookimpl
def srcore_register_experiments(registry: Registry) -> None:
    """``experiments/tiny.toml`` becomes ``minimal/tiny``."""
    registry.add_experiments("minimal", Path(__file__).parent / "experiments")
