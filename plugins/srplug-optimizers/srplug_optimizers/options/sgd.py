"""Keys of ``sgd``; written by ``writers/write_optimizers.py``."""

from __future__ import annotations

import attrs

from srcore.options import option


@attrs.frozen(kw_only=True)
class Options:
    """stochastic gradient descent (Robbins and Monro 1951; Nesterov 1983)."""

    learning_rate: float = option(0.001, "base learning rate, before the schedule", gt=0)
    momentum: float = option(0.0, "share of the last step that is gone on with", ge=0, lt=1)
    dampening: float = option(0.0, "share of the gradient that does not enter the momentum", ge=0)
    weight_decay: float = option(0.0, "how much weights shrink", ge=0)
    nesterov: bool = option(False, "the gradient is looked at ahead of the momentum")
