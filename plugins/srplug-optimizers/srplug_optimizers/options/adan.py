"""Keys of ``adan``; written by ``writers/write_optimizers.py``."""

from __future__ import annotations

import attrs

from srcore.options import option


@attrs.frozen(kw_only=True)
class Options:
    """Adan (Xie et al. 2022, arXiv 2208.06677)."""

    learning_rate: float = option(0.001, "base learning rate, before the schedule", gt=0)
    betas: tuple[float, float, float] = option(
        (0.98, 0.92, 0.99),
        "decay of the gradient, of its difference from the last one, of the square",
        ge=0,
        lt=1,
    )
    weight_decay: float = option(0.0, "how much weights shrink", ge=0)
    weight_decouple: bool = option(
        False, "decay acts on the weights directly instead of on the gradient"
    )
    max_grad_norm: float = option(
        0.0, "largest norm of the gradient of all parameters together; 0: any", ge=0
    )
    eps: float = option(1e-08, "added to the root of the running square", gt=0)
