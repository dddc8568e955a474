"""Keys of ``lamb``; written by ``writers/write_optimizers.py``."""

from __future__ import annotations

import attrs

from srcore.options import option


@attrs.frozen(kw_only=True)
class Options:
    """LAMB (You et al. 2020, arXiv 1904.00962)."""

    learning_rate: float = option(0.001, "base learning rate, before the schedule", gt=0)
    betas: tuple[float, float] = option(
        (0.9, 0.999), "decay of the running mean and of the running square", ge=0, lt=1
    )
    weight_decay: float = option(0.0, "how much weights shrink", ge=0)
    weight_decouple: bool = option(
        True, "decay acts on the weights directly instead of on the gradient"
    )
    fixed_decay: bool = option(
        False, "decay that acts on the weights directly does not follow the learning rate"
    )
    rectify: bool = option(False, "steps are small while the variance is not known (RAdam)")
    n_sma_threshold: int = option(
        5, "length of the running average from which the variance counts as known", ge=0
    )
    grad_averaging: bool = option(True, "the gradient enters the running mean with 1 - the decay")
    max_grad_norm: float = option(
        1.0, "largest norm of the gradient of all parameters together; 0: any", ge=0
    )
    pre_norm: bool = option(False, "the gradient is normalized before it is averaged")
    eps: float = option(1e-06, "added to the root of the running square", gt=0)
