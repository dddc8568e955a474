"""Going on with a training that the published program began.

It leaves ``G_<it>.pth``, ``D_<it>.pth`` and ``state_<it>.pth``: {it, epoch, optimizers: [G, D],
schedulers: [G, D]}. The schedulers are not needed: learning rates follow from the iteration.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch

from srcore.checking.experiment import LoadedExperiment
from srcore.engine.training import Training
from srcore.errors import SrcoreError, WeightsError, first_line
from srcore.launching.beginning import begun
from srcore.weights.loading import load_into

_NETWORKS = {"generator": "G", "discriminator": "D"}


def continue_training(
    loaded: LoadedExperiment, checkpoints: Path, iteration: int, output: Path
) -> Path:
    """Make a run out of a published training; ``srcore run --resume`` then goes on with it.

    Args:
        loaded: a checked experiment of one stage with the networks of the published training.
        checkpoints: folder with the three files.
        iteration: <it> in their names.
        output: folder of runs; the run goes to ``output/<name>``.

    Returns:
        The folder of the run.

    Raises:
        WeightsError: a file is missing, damaged, or does not fit the experiment.
        SrcoreError: not such an experiment, or the run's folder is in use.
    """
    if len(loaded.stages) > 1 or loaded.experiment(loaded.stages[0]).discriminator is None:
        raise SrcoreError(
            f"{loaded.name}: expected an experiment of one stage with a discriminator, such as "
            "esrdgan/x4"
        )
    state = read_state(checkpoints / f"state_{iteration}.pth")
    with begun(loaded, output) as training:
        _fill_training(training, checkpoints, iteration, state)
    return training.run.folder


def read_state(path: Path) -> dict[str, Any]:
    """The content of a ``state_<it>.pth``.

    Raises:
        WeightsError: missing, damaged, not such a file, or one that would run code.
    """
    try:
        with path.open("rb") as file:
            content = torch.load(file, map_location="cpu", weights_only=True)
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read: {error.strerror}") from error
    except (RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        reason = first_line(error)[:100]
        raise WeightsError(
            f"{path}: damaged, or holds more than plain values ({reason})"
        ) from error
    fits = isinstance(content, dict) and isinstance(content.get("it"), int)
    if not fits or len(content.get("optimizers", ())) != len(_NETWORKS):
        raise WeightsError(f"{path}: expected it, epoch and the optimizers of G and D")
    return dict(content)


def _fill_training(
    training: Training, checkpoints: Path, iteration: int, state: dict[str, Any]
) -> None:
    parts, experiment = training.parts, training.experiment
    tables = {"generator": experiment.generator, "discriminator": experiment.discriminator}
    for (name, letter), optimizer in zip(_NETWORKS.items(), state["optimizers"], strict=True):
        table = tables[name]
        assert table is not None
        path = checkpoints / f"{letter}_{iteration}.pth"
        registry = training.run.plugins.registry
        load_into(parts.networks[name], path, registry, network_type=table.selected.type)
        _restore_optimizer(parts.updaters[name].optimizer, optimizer, letter)
    if parts.ema is not None:
        parts.ema.network.load_state_dict(parts.generator_module.state_dict())
    parts.iteration = state["it"]


def _restore_optimizer(optimizer: torch.optim.Optimizer, state: dict[str, Any], name: str) -> None:
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    moments = [entry.get("exp_avg") for _, entry in sorted(state["state"].items())]
    shapes = [moment.shape for moment in moments if moment is not None]
    # PyTorch itself assigns moments by position and does not look at their shapes.
    if shapes != [parameter.shape for parameter in parameters]:
        raise WeightsError(
            f"the optimizer of {name} in the state file belongs to other networks than those of "
            "the experiment"
        )
    optimizer.load_state_dict(state)
