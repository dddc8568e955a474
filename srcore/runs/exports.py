"""Exported generators: each says which state it was made of, so that an older one is never trusted.

A run may be killed between a checkpoint and what is made of it. Whatever continues the run compares
what lies there with the state and writes anew what is of another one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import attrs
import torch
from torch import Tensor

from srcore.config.plain_tables import as_table
from srcore.config.schema import Experiment
from srcore.errors import WeightsError
from srcore.plugin.registry import Registry
from srcore.runs.experiment_hash import experiment_hash
from srcore.runs.folder import RunFolder
from srcore.weights.saving import GeneratorMetadata, read_metadata, save_safetensors


def export_network(
    file: Path,
    experiment: Experiment,
    registry: Registry,
    state: Mapping[str, Tensor],
    iteration: int,
    role: str = "generator",
) -> None:
    """Write a network for use, unless the file holds just this state already.

    Args:
        file: what is written.
        experiment: names the network and its options.
        registry: knows how its distribution writes it.
        state: the network's ``state_dict()``.
        iteration: when it was reached.
        role: what the network is to the method.
    """
    digest = hash_of(state)
    earlier = exported(file)
    if earlier is not None and (earlier.iteration, earlier.state) == (iteration, digest):
        return
    table = experiment.network_table(role)
    assert table is not None
    selected = table.selected
    about = GeneratorMetadata(selected.type, as_table(selected.options), experiment.scale)
    about = attrs.evolve(
        about, iteration=iteration, state=digest, experiment=experiment_hash(experiment)
    )
    save_safetensors(file, state, about, registry)


def exported(file: Path) -> GeneratorMetadata | None:
    """What a file says of itself; None if there is none that can be read."""
    try:
        return read_metadata(file) if file.is_file() else None
    except WeightsError:
        return None


def exported_state(folder: Path) -> str:
    """Hash of the state that a run's exported generator was made of; empty if there is none."""
    generator = exported(RunFolder(folder).generator)
    return generator.state if generator is not None else ""


def hash_of(state: Mapping[str, Tensor]) -> str:
    """SHA-256 of names, types, shapes and values of tensors, whatever device they are on."""
    digest = hashlib.sha256()
    for name in sorted(state):
        tensor = state[name].detach().cpu()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
