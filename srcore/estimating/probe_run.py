"""The run of a probe: that of a stage, but for what talks to others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import torch

from srcore.engine.handlers import FIRST, NEXT
from srcore.engine.run import Run
from srcore.machine.devices import fix_matrix_products, pick_device

if TYPE_CHECKING:
    from srcore.config.schema import Experiment
    from srcore.engine.training import Training
    from srcore.plugin.manager import PluginManager


def probe_run(
    experiment: Experiment, plugins: PluginManager, folder: Path, *, most_steps: int
) -> Run:
    """A run of which some steps are to be taken.

    Args:
        experiment: of the stage, which trains.
        plugins: of which it is made.
        folder: below which it writes.
        most_steps: how many are taken at most; the training is made at least twice as long.
    """
    device = pick_device(experiment.train.device, "train.device")
    undisturbed = _undisturbed(experiment, 2 * most_steps)
    run = Run(folder / "run", undisturbed, "", {}, device, plugins, quiet=True)
    run.folder.mkdir(exist_ok=True)
    if experiment.train.deterministic:
        fix_matrix_products()
    torch.use_deterministic_algorithms(experiment.train.deterministic)
    return run


def first_of_middle(iterations: int, steps: int) -> int:
    """The iteration after which steps lie in the middle of a training: losses may begin late.

    >>> first_of_middle(1000, 60)
    470
    """
    return iterations // 2 - steps // 2


def take_step(training: Training, raw: dict[str, Any]) -> dict[str, torch.Tensor]:
    """Take the next iteration.

    Args:
        training: of the probe.
        raw: a batch as readers give it: images of uint8 on the CPU.

    Returns:
        The terms by name, scalars.
    """
    trainer = training.trainer
    trainer.state.iteration = training.parts.iteration + 1
    return training.iterate(trainer, raw)


def _undisturbed(experiment: Experiment, least_iterations: int) -> Experiment:
    """Without handlers that talk to others, and long enough for the steps."""
    own = tuple(it for it in experiment.handlers if it.label in (*FIRST, *NEXT))
    iterations = max(experiment.train.iterations, least_iterations)
    train = attrs.evolve(experiment.train, iterations=iterations)
    return attrs.evolve(experiment, handlers=own, train=train)
