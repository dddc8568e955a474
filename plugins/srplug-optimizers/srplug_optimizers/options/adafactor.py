"""Keys of ``adafactor``; written by ``writers/write_optimizers.py``."""

from __future__ import annotations

import attrs

from srcore.options import option


@attrs.frozen(kw_only=True)
class Options:
    """Adafactor (Shazeer and Stern 2018, arXiv 1804.04235)."""

    learning_rate: float = option(0.01, "base learning rate, before the schedule", gt=0)
    beta2_decay: float = option(
        -0.8, "exponent of the iteration in the decay of the running square", le=0
    )
    clip_threshold: float = option(1.0, "largest root mean square of a step", gt=0)
    weight_decay: float = option(0.0, "how much weights shrink", ge=0)
