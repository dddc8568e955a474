"""Keys of ``tiger``; written by ``writers/write_optimizers.py``."""

from __future__ import annotations

import attrs

from srcore.options import option


@attrs.frozen(kw_only=True)
class Options:
    """Tiger (Su 2023, https://github.com/bojone/tiger)."""

    learning_rate: float = option(0.001, "base learning rate, before the schedule", gt=0)
    beta: float = option(0.965, "decay of the running mean", ge=0, lt=1)
    weight_decay: float = option(0.01, "how much weights shrink", ge=0)
    weight_decouple: bool = option(
        True, "decay acts on the weights directly instead of on the gradient"
    )
    fixed_decay: bool = option(
        False, "decay that acts on the weights directly does not follow the learning rate"
    )
