"""Keys of ``adabelief``; written by ``writers/write_optimizers.py``."""

from __future__ import annotations

import attrs

from srcore.options import option


@attrs.frozen(kw_only=True)
class Options:
    """AdaBelief (Zhuang et al. 2020, arXiv 2010.07468)."""

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
    degenerated_to_sgd: bool = option(True, "as SGD while the variance is not known")
    ams_bound: bool = option(False, "the running square never falls (AMSGrad)")
    eps: float = option(1e-16, "added to the root of the running square", gt=0)
