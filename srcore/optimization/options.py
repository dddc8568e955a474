"""TOML keys of optimizers and learning-rate schedules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

import attrs

from srcore.messages import shown
from srcore.options.declaration import InvalidOptionError, option

if TYPE_CHECKING:
    from srcore.config.schema import Experiment

#: Keys, and what works but may not be meant of them.
Remarks = Iterator[tuple[str, str]]


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

    def remarks(self, experiment: Experiment) -> Remarks:
        """A warm-up that is longer than the training."""
        last = experiment.train.iterations
        if self.warmup_iterations > last:
            yield (
                "warmup_iterations",
                f"{self.warmup_iterations} is beyond the last iteration, {last}: the base rate is "
                "never reached",
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

    def remarks(self, experiment: Experiment) -> Remarks:
        """Milestones and restarts that the training does not reach."""
        yield from super().remarks(experiment)
        last = experiment.train.iterations
        # What is listed acts one iteration later, see srcore.optimization.schedules
        reached = last if self.advance_before_first else last - 1
        for key in ("milestones", "restarts"):
            listed = getattr(self, key)
            unreached = [iteration for iteration in listed if iteration > reached]
            if unreached:
                which = ", ".join(map(str, unreached[:3])) + ", ..." * (len(unreached) > 3)
                yield (
                    key,
                    f"{len(unreached)} of {len(listed)} have no effect ({which}): the training "
                    f"ends with iteration {last}",
                )


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

    def remarks(self, experiment: Experiment) -> Remarks:
        """Cycles that end before the training, or after it."""
        yield from super().remarks(experiment)
        end, last = sum(self.periods), experiment.train.iterations
        advice = f"set periods that add up to {last}"
        if end < last:
            still = "nothing is learned" if self.eta_min == 0 else "it stays"
            yield (
                "periods",
                f"end at iteration {end} of {last}; after that the learning rate is "
                f"{self.eta_min:g} and {still}; {advice}",
            )
        elif end > last:
            yield (
                "periods",
                f"end at iteration {end}, the training at {last}: the learning rate does not come "
                f"down to {self.eta_min:g}; {advice}",
            )


def final_factor() -> Any:
    """Where a schedule ends."""
    return option(0.0, "share of the base rate at the end", ge=0, le=1)


@attrs.frozen(kw_only=True)
class WarmupCosineOptions(ConstantOptions):
    """Half a cosine from the end of the warm-up to the end of the stage."""

    final_factor: float = final_factor()


@attrs.frozen(kw_only=True)
class PolynomialOptions(ConstantOptions):
    """A power of what is left of the stage after the warm-up."""

    power: float = option(1.0, "1: a line", gt=0)
    final_factor: float = final_factor()


@attrs.frozen(kw_only=True)
class RexOptions(ConstantOptions):
    """REX: slow at first, quick at the end of the stage (Chen et al. 2021, arXiv 2107.04197)."""


@attrs.frozen(kw_only=True)
class WsdOptions(ConstantOptions):
    """Warm-up, stable, decay (Hu et al. 2024, arXiv 2404.06395): constant until near the end."""

    decay_share: float = option(
        0.2, "share of the iterations after the warm-up in which the rate falls", gt=0, le=1
    )
    shape: Literal["linear", "cosine", "sqrt"] = option("linear", "how it falls")
    final_factor: float = final_factor()


@attrs.frozen(kw_only=True)
class OneCycleOptions:
    """One cycle up and down over the stage (Smith and Topin 2018, arXiv 1708.07120)."""

    up_share: float = option(0.3, "share of the stage in which the rate grows", gt=0, lt=1)
    start_divisor: float = option(25.0, "the first rate is base / this", ge=1)
    end_divisor: float = option(1e4, "the last rate is the first / this", ge=1)


@attrs.frozen(kw_only=True)
class ExponentialOptions(ConstantOptions):
    """The rate is multiplied by gamma in every iteration after the warm-up."""

    gamma: float = option(0.999, "factor of every iteration", gt=0, le=1)


@attrs.frozen(kw_only=True)
class StepOptions(ConstantOptions):
    """The rate is multiplied by gamma at equal intervals after the warm-up."""

    every: int = option(help="iterations between two changes", ge=1)
    gamma: float = option(0.5, "factor of every change", gt=0)

    def remarks(self, experiment: Experiment) -> Remarks:
        """Steps that the training does not reach."""
        yield from super().remarks(experiment)
        last = experiment.train.iterations
        if self.every + max(self.warmup_iterations - 1, 0) >= last:
            yield "every", f"{self.every} has no effect: the training ends with iteration {last}"


def _same_length(
    name: str, values: tuple[object, ...], other_name: str, others: tuple[object, ...]
) -> None:
    if len(values) != len(others):
        raise InvalidOptionError(
            name,
            f"expected one value per entry of {other_name} ({len(others)}), found {shown(values)}",
        )
