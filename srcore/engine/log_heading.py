"""What a stage runs on, in words: the head of the log, of the terminal and of the report."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from ignite import distributed as idist

from srcore import __version__
from srcore.config.batch_size import known_batch_size
from srcore.machine.devices import in_words

if TYPE_CHECKING:
    from srcore.engine.parts import Parts
    from srcore.engine.run import Run
    from srcore.engine.validation_sets import ValidationSet


def head(
    run: Run, parts: Parts, images: int, validation: Sequence[ValidationSet]
) -> dict[str, str]:
    """Facts by name.

    Args:
        run: the stage.
        parts: its networks.
        images: number of training images.
        validation: the validation sets.
    """
    train, processes = run.experiment.train, idist.get_world_size()
    threads, each = torch.get_num_threads(), " each" if processes > 1 else ""
    batch = known_batch_size(train) * processes
    epoch = images / batch
    sets = ", ".join(f"{entry.name} {len(entry.dataset)}" for entry in validation)
    return {
        "Device": in_words(run.device, train.device),
        "Processes": f"{processes} with {threads} thread{'s'[: threads > 1]}{each}",
        "Precision": train.precision,
        "Versions": ", ".join(
            (
                f"srcore {__version__}",
                f"torch {torch.__version__}",
                *run.plugins.discovered,
                f"Python {platform.python_version()}",
            )
        ),
        "Networks": ", ".join(
            f"{name} {_size_of_network(made.network)}" for name, made in parts.roles.items()
        ),
        "Training images": f"{images:,}; an epoch is {epoch:.4g} iterations of {batch}",
        "Validation images": sets or "none",
    }


def head_lines(facts: dict[str, str]) -> list[str]:
    """The head as lines of a log."""
    return [f"{name.lower()}: {text}" for name, text in facts.items()]


def _size_of_network(network: torch.nn.Module) -> str:
    count = sum(parameter.numel() for parameter in network.parameters())
    return f"{type(network).__name__} with {count:,} parameters"
