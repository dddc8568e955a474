"""The handlers: one per tracker, and the profiler."""

from __future__ import annotations

from typing import Any

from srplug_trackers.options import ClearMLOptions, MLflowOptions, WandBOptions
from srplug_trackers.profiling import Profiler
from srplug_trackers.tracking import Tracking

__all__ = ["ClearML", "MLflow", "Profiler", "WandB"]


class WandB(Tracking):
    """Weights & Biases."""

    def __init__(self, **keys: Any) -> None:
        from srplug_trackers.clients.wandb import WandBClient

        options = WandBOptions(**keys)
        target = f"{options.entity} {options.project} {options.offline}"
        super().__init__("wandb", options, target, lambda: WandBClient(options))


class MLflow(Tracking):
    """Tells MLflow what is measured, each value once, with pictures and the settings."""

    def __init__(self, **keys: Any) -> None:
        from srplug_trackers.clients.mlflow import MLflowClient

        options = MLflowOptions(**keys)
        target = f"{options.server} {options.project}"
        super().__init__("mlflow", options, target, lambda: MLflowClient(options))


class ClearML(Tracking):
    """Tells ClearML what is measured, each value once, with pictures and the settings."""

    def __init__(self, **keys: Any) -> None:
        from srplug_trackers.clients.clearml import ClearMLClient

        options = ClearMLOptions(**keys)
        target = f"{options.project} {options.offline}"
        super().__init__("clearml", options, target, lambda: ClearMLClient(options))
