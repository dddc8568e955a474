"""Keys of ``soap``; written by ``writers/write_optimizers.py``."""

from __future__ import annotations

import attrs

from srcore.options import option


@attrs.frozen(kw_only=True)
class Options:
    """SOAP (Vyas et al. 2024, arXiv 2409.11321)."""

    learning_rate: float = option(0.003, "base learning rate, before the schedule", gt=0)
    betas: tuple[float, float] = option(
        (0.95, 0.95), "decay of the running mean and of the running square", ge=0, lt=1
    )
    shampoo_beta: float | None = option(
        None, "decay of the preconditioner; none: the second of betas", ge=0, lt=1
    )
    weight_decay: float = option(0.01, "how much weights shrink", ge=0)
    precondition_frequency: int = option(
        10, "iterations between changes of the preconditioner's basis", ge=1
    )
    max_precondition_dim: int = option(10000, "sides above it are not preconditioned", ge=1)
    merge_dims: bool = option(False, "sides of a kernel are merged as long as they are small")
    precondition_1d: bool = option(False, "vectors are preconditioned too")
    correct_bias: bool = option(True, "running averages are corrected for their start at 0")
    normalize_gradient: bool = option(False, "steps are normalized by their root mean square")
    eps: float = option(1e-08, "added to the root of the running square", gt=0)
