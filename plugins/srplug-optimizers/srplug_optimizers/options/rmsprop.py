"""Keys of ``rmsprop``; written by ``writers/write_optimizers.py``."""

from __future__ import annotations

import attrs

from srcore.options import option


@attrs.frozen(kw_only=True)
class Options:
    """RMSprop (Tieleman and Hinton 2012, lecture 6.5)."""

    learning_rate: float = option(0.01, "base learning rate, before the schedule", gt=0)
    alpha: float = option(0.99, "decay of the running square", ge=0, lt=1)
    eps: float = option(1e-08, "added to the root of the running square", gt=0)
    weight_decay: float = option(0.0, "how much weights shrink", ge=0)
    momentum: float = option(0.0, "share of the last step that is gone on with", ge=0, lt=1)
    centered: bool = option(False, "the gradient's variance stands for its square")
