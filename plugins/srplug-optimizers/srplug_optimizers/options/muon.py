"""Keys of ``muon``; written by ``writers/write_optimizers.py``."""

from __future__ import annotations

import attrs

from srcore.options import option


@attrs.frozen(kw_only=True)
class Options:
    """Muon for kernels and matrices, AdamW for all other parameters (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon)."""

    learning_rate: float = option(0.02, "base learning rate, before the schedule", gt=0)
    momentum: float = option(0.95, "share of the last step that is gone on with", ge=0, lt=1)
    weight_decay: float = option(0.0, "how much weights shrink", ge=0)
    weight_decouple: bool = option(
        True, "decay acts on the weights directly instead of on the gradient"
    )
    nesterov: bool = option(True, "the gradient is looked at ahead of the momentum")
    ns_steps: int = option(5, "Newton-Schulz iterations by which a step is made orthogonal", ge=1)
    use_adjusted_lr: bool = option(
        False, "the rate of a matrix grows with the root of its larger side (Moonlight)"
    )
    adamw_learning_rate: float = option(
        0.0003, "base rate of the parameters that are no matrices, before the schedule", gt=0
    )
    adamw_betas: tuple[float, float] = option(
        (0.9, 0.95), "decays of mean and square of the parameters that are no matrices", ge=0, lt=1
    )
    adamw_weight_decay: float = option(0.0, "decay of the parameters that are no matrices", ge=0)
    adamw_eps: float = option(
        1e-10, "added to the root of the square of the parameters that are no matrices", gt=0
    )
