"""Keys of ``adamp``; written by ``writers/write_optimizers.py``."""

from __future__ import annotations

import attrs

from srcore.options import option


@attrs.frozen(kw_only=True)
class Options:
    """AdamP (Heo et al. 2021, arXiv 2006.08217)."""

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
    delta: float = option(
        0.1, "largest cosine at which a gradient counts as orthogonal to the weights", gt=0
    )
    wd_ratio: float = option(
        0.1, "decay of weights that a gradient is orthogonal to, as a share", ge=0
    )
    nesterov: bool = option(False, "the gradient is looked at ahead of the momentum")
    eps: float = option(1e-08, "added to the root of the running square", gt=0)
