"""Keys of ``ademamix``; written by ``writers/write_optimizers.py``."""

from __future__ import annotations

import attrs

from srcore.options import option


@attrs.frozen(kw_only=True)
class Options:
    """AdEMAMix (Pagliardini et al. 2024, arXiv 2409.03137)."""

    learning_rate: float = option(0.001, "base learning rate, before the schedule", gt=0)
    betas: tuple[float, float, float] = option(
        (0.9, 0.999, 0.9999),
        "decay of the fast mean, of the square and of the slow mean",
        ge=0,
        lt=1,
    )
    weight_decay: float = option(0.0, "how much weights shrink", ge=0)
    weight_decouple: bool = option(
        False, "decay acts on the weights directly instead of on the gradient"
    )
    fixed_decay: bool = option(
        False, "decay that acts on the weights directly does not follow the learning rate"
    )
    alpha: float = option(5.0, "weight of the slow running mean", ge=0)
    t_alpha_beta3: float | None = option(
        None, "iterations in which alpha and the third decay grow; none: at once", gt=0
    )
    eps: float = option(1e-08, "added to the root of the running square", gt=0)
