"""Keys of ``mars``; written by ``writers/write_optimizers.py``."""

from __future__ import annotations

from typing import Literal

import attrs

from srcore.options import option


@attrs.frozen(kw_only=True)
class Options:
    """MARS (Yuan et al. 2024, arXiv 2411.10438)."""

    learning_rate: float = option(0.003, "base learning rate, before the schedule", gt=0)
    betas: tuple[float, float] = option(
        (0.95, 0.99), "decay of the running mean and of the running square", ge=0, lt=1
    )
    gamma: float = option(0.025, "weight of the difference from the last gradient", ge=0)
    mars_type: Literal["adamw", "lion", "shampoo"] = option("adamw", "what steps are made by")
    optimize_1d: bool = option(False, "parameters that are no matrices are trained like matrices")
    learning_rate_1d: float = option(
        0.003, "base rate of parameters that are no matrices, before the schedule", gt=0
    )
    betas_1d: tuple[float, float] = option(
        (0.9, 0.95), "decay of mean and square of parameters that are no matrices", ge=0, lt=1
    )
    weight_decay: float = option(0.0, "how much weights shrink", ge=0)
    weight_decay_1d: float = option(0.1, "how much parameters that are no matrices shrink", ge=0)
    weight_decouple: bool = option(
        True, "decay acts on the weights directly instead of on the gradient"
    )
    fixed_decay: bool = option(
        False, "decay that acts on the weights directly does not follow the learning rate"
    )
    ams_bound: bool = option(False, "the running square never falls (AMSGrad)")
    cautious: bool = option(
        False, "components of the step that point against the gradient are left out"
    )
    eps: float = option(1e-08, "added to the root of the running square", gt=0)
