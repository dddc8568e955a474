"""Keys of ``schedule_free_radam``; written by ``writers/write_optimizers.py``."""

from __future__ import annotations

import attrs

from srcore.options import option


@attrs.frozen(kw_only=True)
class Options:
    """schedule-free RAdam (Defazio et al. 2024, arXiv 2405.15682)."""

    learning_rate: float = option(0.0025, "base learning rate, before the schedule", gt=0)
    betas: tuple[float, float] = option(
        (0.9, 0.999), "place between iterate and average; decay of the square", gt=0, lt=1
    )
    weight_decay: float = option(0.0, "how much weights shrink", ge=0)
    r: float = option(
        0.0, "exponent of the iteration in the weight of iterates in the average", ge=0
    )
    weight_lr_power: float = option(
        2.0, "exponent of the largest rate so far in the weight of iterates", ge=0
    )
    silent_sgd_phase: bool = option(True, "no steps while the variance is not known")
    eps: float = option(1e-08, "added to the root of the running square", gt=0)
