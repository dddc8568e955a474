"""Keys of ``adamax``; written by ``writers/write_optimizers.py``."""

from __future__ import annotations

import attrs

from srcore.options import option


@attrs.frozen(kw_only=True)
class Options:
    """Adamax (Kingma and Ba 2015, arXiv 1412.6980)."""

    learning_rate: float = option(0.002, "base learning rate, before the schedule", gt=0)
    betas: tuple[float, float] = option(
        (0.9, 0.999), "decay of the running mean and of the running maximum", ge=0, lt=1
    )
    eps: float = option(1e-08, "added to the running maximum", gt=0)
    weight_decay: float = option(0.0, "how much weights shrink", ge=0)
