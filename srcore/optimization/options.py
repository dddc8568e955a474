"""TOML keys of optimizers and learning-rate schedules."""

from __future__ import annotations

import attrs

from srcore.messages import shown
from srcore.options.declaration import InvalidOptionError, option


@attrs.frozen(kw_only=True)
class AdamOptions:
    """Adam (Kingma and Ba, 2015); weight decay is added to the gradient."""

    learning_rate: float = option(1e-4, "base learning rate, before the schedule", gt=0)
    betas: tuple[float, float] = option(
        (0.9, 0.99), "decay of the running mean and of the running square", ge=0, lt=1
    )
    eps: float = option(1e-8, "added to the root of the running square", gt=0)
    weight_decay: float = option(0.0, "L2 penalty", ge=0)


@attrs.frozen(kw_only=True)
class AdamWOptions(AdamOptions):
    """AdamW (Loshchilov and Hutter, 2019); weight decay acts on the weights directly."""

    weight_decay: float = option(0.01, "share of the learning rate by which weights shrink", ge=0)


@attrs.frozen(kw_only=True)
class ConstantOptions:
    """The base learning rate throughout, after an optional warm-up."""

    warmup_iterations: int = option(
        0, "iteration i below this W uses base * i / W; 0 for no warm-up", ge=0
    )


@attrs.frozen(kw_only=True)
class MultiStepOptions(ConstantOptions):
    """The rate is multiplied by gamma at every milestone and set anew at every restart."""

    milestones: tuple[int, ...] = option(
        (), "iterations after which gamma is applied; one listed twice counts twice", ge=0
    )
    gamma: float = option(0.5, "factor at every milestone", gt=0)
    restarts: tuple[int, ...] = option(
        (0,), "iterations after which the rate is base * restart weight again", ge=0
    )
    restart_weights: tuple[float, ...] = option((1.0,), "one factor per restart", ge=0)
    advance_before_first: bool = option(
        False, "milestone m acts in iteration m (ESRDGAN) instead of m + 1 (BasicSR)"
    )

    def __attrs_post_init__(self) -> None:
        """Check what concerns two keys."""
        _same_length("restart_weights", self.restart_weights, "restarts", self.restarts)


@attrs.frozen(kw_only=True)
class CosineOptions(ConstantOptions):
    """Cosine annealing in cycles; after the last cycle the rate stays at ``eta_min``."""

    periods: tuple[int, ...] = option(help="length of every cycle in iterations", gt=0)
    restart_weights: tuple[float, ...] | None = option(
        None, "one factor per cycle; none: 1 in all cycles", ge=0
    )
    eta_min: float = option(0.0, "lowest learning rate", ge=0)

    def __attrs_post_init__(self) -> None:
        """Check what concerns two keys."""
        if not self.periods:
            raise InvalidOptionError("periods", "expected at least one cycle, found none")
        if self.restart_weights is not None:
            _same_length("restart_weights", self.restart_weights, "periods", self.periods)


def _same_length(
    name: str, values: tuple[object, ...], other_name: str, others: tuple[object, ...]
) -> None:
    if len(values) != len(others):
        raise InvalidOptionError(
            name,
            f"expected one value per entry of {other_name} ({len(others)}), found {shown(values)}",
        )
