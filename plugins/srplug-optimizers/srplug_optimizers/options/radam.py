"""Keys of ``radam``; written by ``writers/write_optimizers.py``."""

from __future__ import annotations

import attrs

from srcore.options import option


@attrs.frozen(kw_only=True)
class Options:
    """RAdam (Liu et al. 2020, arXiv 1908.03265)."""

    learning_rate: float = option(0.001, "base learning rate, before the schedule", gt=0)
    betas: tuple[float, float] = option(
        (0.9, 0.999), "decay of the running mean and of the running square", ge=0, lt=1
    )
    eps: float = option(1e-08, "added to the root of the running square", gt=0)
    weight_decay: float = option(0.0, "how much weights shrink", ge=0)
    decoupled_weight_decay: bool = option(
        False, "decay acts on the weights directly instead of on the gradient"
    )
