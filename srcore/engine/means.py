"""Means of what iterations log: a line stands for all iterations since the one before.

And for the images of all processes: each keeps its own sums, which meet when a line is due.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from ignite import distributed as idist
from torch import Tensor


class Means:
    """Sums of logged values since the last line, on their device: nothing waits for a number.

    The sums are part of a checkpoint, so that a resumed run writes the lines of one that was not
    interrupted. Iterations that are skipped do not count.
    """

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}

    def __bool__(self) -> bool:
        return bool(self._sums)

    def add(self, values: Mapping[str, Tensor]) -> None:
        """Count the values of an iteration in."""
        for name, value in values.items():
            value = value.detach()
            self._sums[name] = self._sums[name] + value if name in self._sums else value.clone()
            self._counts[name] = self._counts.get(name, 0) + 1

    def take(self) -> dict[str, float]:
        """The means, which start anew; values that no iteration had are not there.

        All processes must call it, and get the same.
        """
        own = {name: (float(total), self._counts[name]) for name, total in self._sums.items()}
        self._sums.clear()
        self._counts.clear()
        everyone = _gathered(own)
        means = {}
        for name in dict.fromkeys(name for found in everyone for name in found):
            totals, counts = zip(*(found[name] for found in everyone if name in found), strict=True)
            means[name] = sum(totals) / sum(counts)
        return means

    def state_dict(self) -> dict[str, Any]:
        """Sums and counts so far."""
        return {"sums": dict(self._sums), "counts": dict(self._counts)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a saved state."""
        self._sums, self._counts = dict(state["sums"]), dict(state["counts"])


def _gathered(own: dict[str, tuple[float, int]]) -> list[dict[str, tuple[float, int]]]:
    """What each process has, in their order, so that sums are the same whoever is late."""
    everyone = [own] * idist.get_world_size()
    if len(everyone) > 1:  # by names, since a process may have logged what another one has not
        torch.distributed.all_gather_object(everyone, own)
    return everyone
