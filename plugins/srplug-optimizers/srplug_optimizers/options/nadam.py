"""Keys of ``nadam``; written by ``writers/write_optimizers.py``."""

from __future__ import annotations

import attrs

from srcore.options import option


@attrs.frozen(kw_only=True)
class Options:
    """NAdam (Dozat 2016, ICLR workshop)."""

    learning_rate: float = option(0.002, "base learning rate, before the schedule", gt=0)
    betas: tuple[float, float] = option(
        (0.9, 0.999), "decay of the running mean and of the running square", ge=0, lt=1
    )
    eps: float = option(1e-08, "added to the root of the running square", gt=0)
    weight_decay: float = option(0.0, "how much weights shrink", ge=0)
    momentum_decay: float = option(0.004, "how fast the momentum grows into its value", ge=0)
    decoupled_weight_decay: bool = option(
        False, "decay acts on the weights directly instead of on the gradient"
    )
