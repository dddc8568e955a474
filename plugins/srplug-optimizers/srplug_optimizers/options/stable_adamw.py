"""Keys of ``stable_adamw``; written by ``writers/write_optimizers.py``."""

from __future__ import annotations

import attrs

from srcore.options import option


@attrs.frozen(kw_only=True)
class Options:
    """StableAdamW (Wortsman et al. 2023, arXiv 2304.13013)."""

    learning_rate: float = option(0.001, "base learning rate, before the schedule", gt=0)
    betas: tuple[float, float] = option(
        (0.9, 0.99), "decay of the running mean and of the running square", ge=0, lt=1
    )
    kahan_sum: bool = option(True, "rounding errors of 16-bit weights are summed up")
    weight_decay: float = option(0.01, "how much weights shrink", ge=0)
    weight_decouple: bool = option(
        True, "decay acts on the weights directly instead of on the gradient"
    )
    eps: float = option(1e-08, "added to the root of the running square", gt=0)
