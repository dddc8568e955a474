"""Keys of ``prodigy``; written by ``writers/write_optimizers.py``."""

from __future__ import annotations

import attrs

from srcore.options import option


@attrs.frozen(kw_only=True)
class Options:
    """Prodigy, which finds its learning rate (Mishchenko and Defazio 2023, arXiv 2306.06101)."""

    learning_rate: float = option(1.0, "factor of the learning rate that is found", gt=0)
    betas: tuple[float, float] = option(
        (0.9, 0.999), "decay of the running mean and of the running square", ge=0, lt=1
    )
    beta3: float | None = option(
        None,
        "decay of the estimate of the distance; none: the root of the second of betas",
        ge=0,
        lt=1,
    )
    d0: float = option(1e-06, "first estimate of the distance to the solution", gt=0)
    d_coef: float = option(1.0, "factor of the learning rate that is found", gt=0)
    weight_decay: float = option(0.0, "how much weights shrink", ge=0)
    weight_decouple: bool = option(
        True, "decay acts on the weights directly instead of on the gradient"
    )
    fixed_decay: bool = option(
        False, "decay that acts on the weights directly does not follow the learning rate"
    )
    bias_correction: bool = option(False, "running averages are corrected for their start at 0")
    safeguard_warmup: bool = option(
        False, "the learning rate is left out of the estimate of the distance"
    )
    eps: float = option(1e-08, "added to the root of the running square", gt=0)
