"""Keys of ``schedule_free_sgd``; written by ``writers/write_optimizers.py``."""

from __future__ import annotations

import attrs

from srcore.options import option


@attrs.frozen(kw_only=True)
class Options:
    """schedule-free SGD (Defazio et al. 2024, arXiv 2405.15682)."""

    learning_rate: float = option(1.0, "base learning rate, before the schedule", gt=0)
    momentum: float = option(0.9, "place between iterate and average", gt=0, lt=1)
    weight_decay: float = option(0.0, "how much weights shrink", ge=0)
    r: float = option(
        0.0, "exponent of the iteration in the weight of iterates in the average", ge=0
    )
    weight_lr_power: float = option(
        2.0, "exponent of the largest rate so far in the weight of iterates", ge=0
    )
    warmup_steps: int = option(0, "iterations in which the rate grows linearly from 0", ge=0)
    eps: float = option(1e-08, "added to the root of the running square", gt=0)
