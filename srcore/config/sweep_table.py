"""The keys of ``[sweep]``, and what ``srcore sweep`` can be asked for."""

from __future__ import annotations

from typing import Literal

import attrs

from srcore.options import option

#: A value of a key.
SweptValue = bool | int | float | str


@attrs.frozen(kw_only=True)
class ParameterTable:
    """``[[sweep.parameters]]``: a key of the experiment and the values that it may have."""

    key: str = option(
        help='the key, as after --set: "optimizer.generator.learning_rate", "losses[0].weight"'
    )
    values: tuple[bool | int | float | str, ...] = option(
        (), "what it may be; paths start from the working directory, as those after --set"
    )
    low: float | None = option(None, "the smallest number, in place of values")
    high: float | None = option(None, "the largest number")
    log: bool = option(False, "numbers are spread evenly over their logarithms")
    step: float | None = option(
        None, "only low, low + step, ... up to high; 1 for whole numbers", gt=0
    )


@attrs.frozen(kw_only=True)
class SweepTable:
    """``[sweep]``: trials of the experiment with other values of some keys, by ``srcore sweep``."""

    search: Literal["grid", "random", "tpe"] = option(
        "random",
        'how trials are chosen: all combinations, by lot, or by what earlier ones reached ("tpe", '
        "with Optuna)",
    )
    parameters: tuple[ParameterTable, ...] = option((), "the keys, at least one")
    metric: str = option(
        "",
        'what is compared: "METRIC" of the first validation set, or "SET/METRIC"; empty: the first '
        "metric of the first set",
    )
    validation: Literal["best", "last"] = option(
        "best", "which validation of a trial counts; that of its last stage that trains"
    )
    trials: int = option(
        20, "how many, of random and tpe; a grid has as many as combinations", ge=1, le=10_000
    )
    seed: int = option(0, "start of all random choices of trials", ge=0, lt=2**31)
    random_trials: int = option(10, "trials by lot before tpe goes by what they reached", ge=1)
    pruning: Literal["none", "median"] = option(
        "none",
        '"median": a trial ends early that is worse than half of the finished ones were at that '
        "iteration",
    )
    prune_after_validations: int = option(3, "validations of a trial before it may end early", ge=1)
    prune_after_trials: int = option(5, "finished trials before one may end early", ge=1)


@attrs.frozen(kw_only=True)
class SweepOptions:
    """How a sweep is worked on."""

    jobs: int = option(1, "trials at the same time, each a process of its own", ge=1, le=1024)
