"""Keys of ``came``; written by ``writers/write_optimizers.py``."""

from __future__ import annotations

import attrs

from srcore.options import option


@attrs.frozen(kw_only=True)
class Options:
    """CAME (Luo et al. 2023, arXiv 2307.02047)."""

    learning_rate: float = option(0.0002, "base learning rate, before the schedule", gt=0)
    betas: tuple[float, float, float] = option(
        (0.9, 0.999, 0.9999), "decay of the mean, of the square and of the instability", ge=0, lt=1
    )
    weight_decay: float = option(0.0, "how much weights shrink", ge=0)
    weight_decouple: bool = option(
        True, "decay acts on the weights directly instead of on the gradient"
    )
    fixed_decay: bool = option(
        False, "decay that acts on the weights directly does not follow the learning rate"
    )
    clip_threshold: float = option(1.0, "largest root mean square of a step", gt=0)
    ams_bound: bool = option(False, "the running square never falls (AMSGrad)")
    eps1: float = option(1e-30, "added to the square of the gradient", gt=0)
    eps2: float = option(1e-16, "added to the instability", gt=0)
