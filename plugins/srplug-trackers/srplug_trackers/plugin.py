"""What the trackers register with srcore."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from srcore.hookspecs import hookimpl

if TYPE_CHECKING:
    from srcore.plugin.registry import Registry


@hookimpl
def srcore_register_components(registry: Registry) -> None:
    """A handler per tracker, and the profiler."""
    handlers = {
        "wandb": "WandB",
        "mlflow": "MLflow",
        "clearml": "ClearML",
        "profiler": "Profiler",
    }
    for name, cls in handlers.items():
        options, target = f"srplug_trackers.options:{cls}Options", f"srplug_trackers.handlers:{cls}"
        registry.add("handler", name, options, target)


@hookimpl
def srcore_register_experiments(registry: Registry) -> None:
    """Tiny trainings that are tracked and profiled."""
    registry.add_experiments("trackers", Path(__file__).parent / "experiments")
