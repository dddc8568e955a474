"""The same steps with other settings, each in turns with the experiment as it is."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from srcore.errors import SrcoreError
from srcore.profiling.differences import Losses, how_far_apart
from srcore.profiling.options import WARM_UP
from srcore.profiling.turn_taker import TurnTaker
from srcore.profiling.variants import TrainSetting

if TYPE_CHECKING:
    from srcore.plugin.manager import PluginManager


@attrs.frozen(kw_only=True)
class ComparedSetting:
    """A setting beside the experiment as it is.

    Attributes:
        key: of ``[train]``.
        value: that was tried.
        label: both, as TOML writes them.
        seconds: median of its steps.
        plain_seconds: median of the steps of the experiment, taken in turns with them.
        change: median over the pairs of steps of how much longer it took: -0.1 is 10 % quicker.
        low: lower quartile of that.
        high: upper quartile of that.
        is_equal: losses and weights were those of the experiment, to the bit.
        losses: largest difference of a loss, as a share of it.
        weights: difference of all weights, as a share of their norm.
        failure: why it could not be tried; all numbers are 0 then.
    """

    key: str
    value: bool | str
    label: str
    seconds: float = 0.0
    plain_seconds: float = 0.0
    change: float = 0.0
    low: float = 0.0
    high: float = 0.0
    is_equal: bool = False
    losses: float = 0.0
    weights: float = 0.0
    failure: str = ""

    @property
    def is_quicker(self) -> bool:
        """Whether three of four of its steps took less time than the experiment's own."""
        return not self.failure and self.high < 0


@attrs.frozen
class ComparedSettings:
    """What came of all settings of a stage.

    Attributes:
        tried: each setting.
        remarks: what was not tried, and why.
        repeats: whether the experiment as it is came to the same numbers whenever it was begun
            anew; False where no setting can be called equal.
    """

    tried: tuple[ComparedSetting, ...]
    remarks: tuple[str, ...] = ()
    repeats: bool = True

    @property
    def fastest_equal(self) -> ComparedSetting | None:
        """The fastest setting that is quicker and changes no numbers."""
        equal = [it for it in self.tried if it.is_quicker and it.is_equal and self.repeats]
        return min(equal, key=lambda it: it.change, default=None)

    @property
    def fastest(self) -> ComparedSetting | None:
        """The fastest setting that is quicker, whatever it changes."""
        quicker = [it for it in self.tried if it.is_quicker]
        return min(quicker, key=lambda it: it.change, default=None)


def compare(
    table: dict[str, Any],
    plugins: PluginManager,
    variants: Sequence[TrainSetting],
    remarks: Sequence[str],
    steps: int,
    folder: Path,
) -> ComparedSettings:
    """Try settings; images are read before a step and not counted.

    Args:
        table: the resolved experiment, of one stage that trains.
        plugins: of which it is made.
        variants: what is tried.
        remarks: what is not, and why.
        steps: how many are measured of each.
        folder: where processes work.

    Raises:
        SrcoreError: the experiment as it is could not be tried.
    """
    data = {**table["data"], "train": {**table["data"]["train"], "workers": 0}}
    plain = {**table, "data": data}
    tried, runs = [], []
    for number, variant in enumerate(variants):
        places = folder / f"{number}_plain", folder / f"{number}_other"
        with (
            TurnTaker(plain, plugins, steps, places[0], "the experiment as it is") as own,
            TurnTaker(variant.applied(plain), plugins, steps, places[1], variant.label) as other,
        ):
            entry = ComparedSetting(key=variant.key, value=variant.value, label=variant.label)
            try:
                pairs, losses, other_losses = _in_turns(own, other, steps)
            except OtherFailedError as error:
                tried.append(attrs.evolve(entry, failure=str(error)))
                continue
            apart = how_far_apart(losses, own.weights, other_losses, other.weights)
            tried.append(_compared(entry, pairs, apart))
            runs.append((losses, own.weights))
    return ComparedSettings(tuple(tried), tuple(remarks), _all_equal(runs))


class OtherFailedError(SrcoreError):
    """The setting that was tried beside the experiment does not work here."""


def _in_turns(
    own: TurnTaker, other: TurnTaker, steps: int
) -> tuple[list[tuple[float, float]], Losses, Losses]:
    """Seconds of pairs of steps, and what both came to; who is first changes."""
    pairs = []
    for number in range(WARM_UP + steps):
        if number % 2:
            second = _of_other(other.step)
            pairs.append((own.step(), second))
        else:
            first = own.step()
            pairs.append((first, _of_other(other.step)))
    return pairs[WARM_UP:], own.losses(), _of_other(other.losses)


def _of_other(act: Any) -> Any:
    try:
        return act()
    except SrcoreError as error:
        raise OtherFailedError(str(error)) from None


def _compared(
    entry: ComparedSetting, pairs: list[tuple[float, float]], apart: Any
) -> ComparedSetting:
    ratios = [other / own - 1 for own, other in pairs]
    low, middle, high = quartiles(ratios)
    return attrs.evolve(
        entry,
        seconds=statistics.median(other for _, other in pairs),
        plain_seconds=statistics.median(own for own, _ in pairs),
        change=middle,
        low=low,
        high=high,
        is_equal=apart.is_none,
        losses=apart.losses,
        weights=apart.weights,
    )


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """Lower quartile, median, upper quartile.

    >>> quartiles([1.0, 2.0, 3.0, 4.0, 5.0])
    (2.0, 3.0, 4.0)
    """
    if len(values) < 2:
        return (values[0],) * 3
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, middle, high


def _all_equal(runs: list[tuple[Losses, Path]]) -> bool:
    """Whether the experiment as it is came to the same in all pairs."""
    return all(how_far_apart(*runs[0], *it).is_none for it in runs[1:])
