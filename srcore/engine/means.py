"""Means of what iterations log: a line stands for all iterations since the one before.

And for the images of all processes: each keeps its own sums, which meet in one line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor


class Means:
    """Sums of logged values since the last line, on their device: nothing waits for a number.

    The sums are part of a checkpoint, so that a resumed run writes the lines of one that was not
    interrupted. Iterations that are skipped do not count.
    """

    def __init__(self, state: Mapping[str, Any] | None = None) -> None:
        """Begin, or go on from what :meth:`state_dict` gave."""
        self._sums: dict[str, Tensor] = dict(state["sums"]) if state else {}
        self._counts: dict[str, int] = dict(state["counts"]) if state else {}

    def plus(self, values: Mapping[str, Tensor]) -> Means:
        """These means with the values of one more iteration."""
        more = Means(self.state_dict())
        for name, value in values.items():
            value = value.detach()
            more._sums[name] = self._sums[name] + value if name in self._sums else value.clone()
            more._counts[name] = self._counts.get(name, 0) + 1
        return more

    def state_dict(self) -> dict[str, Any]:
        """Sums and counts so far."""
        return {"sums": dict(self._sums), "counts": dict(self._counts)}


def mean_of(states: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The means over several processes; values that no iteration had are not there.

    Args:
        states: state of the :class:`Means` of each process, in their order, so that sums are the
            same whoever is late.
    """
    means = {}
    for name in dict.fromkeys(name for state in states for name in state["sums"]):
        having = [state for state in states if name in state["sums"]]
        total = sum(float(state["sums"][name]) for state in having)
        means[name] = total / sum(state["counts"][name] for state in having)
    return means
