"""A process that takes a step whenever it is its turn, so that two can be compared in turns.

It is told by a line on its standard input, and answers with a line that begins with ``turn`` and
holds the seconds of the step. In between it does nothing, so the other one is not disturbed.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from safetensors.torch import save_file

from srcore.engine.training import Training
from srcore.estimating.probe_run import first_of_middle, probe_run, take_step
from srcore.machine.devices import wait_for
from srcore.profiling.options import WARM_UP
from srcore.profiling.turn_taker import TURN

if TYPE_CHECKING:
    from srcore.config.schema import Experiment
    from srcore.plugin.manager import PluginManager


def take_turns(
    experiment: Experiment, plugins: PluginManager, folder: Path, *, steps: int, weights: str
) -> dict[str, Any]:
    """Take steps when told to; for :func:`srcore.estimating.child.probe_command`.

    Args:
        experiment: of the stage, which trains.
        plugins: of which it is made.
        folder: where it works.
        steps: after the first two.
        weights: file that all trained networks and averages are written to at the end.

    Returns:
        ``losses``: the terms of every step by name, the first two included.
    """
    most = WARM_UP + steps
    losses: list[dict[str, float]] = []
    with _answers() as answers:
        training = Training(probe_run(experiment, plugins, folder, most_steps=most))
        start = first_of_middle(training.settings.iterations, most)
        training.parts.iteration = start
        with (
            contextlib.closing(training.handlers),
            training.feed.open(start, start + most) as readers,
        ):
            batches = iter(readers)
            for _ in range(most):
                if not sys.stdin.readline():
                    break  # nobody asks any more
                seconds, terms = _timed(training, next(batches))
                losses.append(terms)
                answers.write(f"{TURN}{seconds}\n")
                answers.flush()
    save_file(
        {
            f"{name}.{key}": value.detach().cpu().contiguous().clone()
            for name, network in training.parts.networks.items()
            for key, value in network.state_dict().items()
        },
        weights,
    )
    return {"losses": losses}


def _timed(training: Training, raw: dict[str, Any]) -> tuple[float, dict[str, float]]:
    """Seconds of a step whose images are there, and its terms."""
    began = time.perf_counter()
    logs = take_step(training, raw)
    wait_for(training.run.device)
    took = time.perf_counter() - began
    return took, {name: float(value) for name, value in logs.items()}


@contextlib.contextmanager
def _answers() -> Iterator[TextIO]:
    """The stream of answers; what others print from now on goes to standard error."""
    sys.stdout.flush()
    own = os.dup(1)
    os.dup2(2, 1)
    with os.fdopen(own, "w", encoding="utf-8") as stream:
        yield stream
