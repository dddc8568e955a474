"""Weights that only a training that begins reads: what goes on has its own in a checkpoint."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from srcore.config.schema import Experiment


def start_weights(experiment: Experiment) -> Iterator[tuple[str, Path]]:
    """Keys and files that trained networks start from; of frozen ones no checkpoint knows."""
    for name, role in experiment.roles().items():
        table = experiment.network_table(name)
        if role.trained and table is not None and table.weights is not None:
            key = name if name in ("generator", "discriminator") else f"networks.{name}"
            yield f"{key}.weights", table.weights


def has_checkpoint(folder: Path) -> bool:
    """Whether a training in the folder of a stage goes on from a checkpoint."""
    return (folder / "checkpoints" / "last.pt").is_file()
