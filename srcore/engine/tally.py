"""What a training counts and finds beside the state of its parts; in every checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs
import torch
from ignite import distributed as idist
from torch import Tensor

from srcore.engine import contents
from srcore.engine.means import Means, mean_of

if TYPE_CHECKING:
    from srcore.engine.validation import Averages


@attrs.define
class Tally:
    """Counts and results so far.

    Attributes:
        bad_images: how many unreadable images of this process were replaced by others.
        skipped_in_row: how many iterations were skipped since the last good one.
        results: the last validation, by set and metric.
        validated_at: its iteration; -1: there was none.
        means: of what the next line of the log is made, in this process.
        everyone: what differs between processes, of all of them in their order, as of the last
            iteration; empty where this process does not know it.
    """

    bad_images: int = 0
    skipped_in_row: int = 0
    results: Averages = attrs.field(factory=dict)
    validated_at: int = -1
    means: Means = attrs.field(factory=Means)
    everyone: list[dict[str, Any]] = attrs.field(factory=list)

    def count(self, values: Mapping[str, Tensor]) -> None:
        """Count the values of an iteration in; nothing is counted if another process is gone.

        On the CPU processes tell each other at once, so that the one that is left when another one
        is killed can save a state that lacks nothing. A device may wait for the lost one: its
        process can save nothing then, and need not know.
        """
        self.skipped_in_row = 0
        means = self.means.plus(values)
        is_told = idist.get_world_size() > 1 and idist.device().type == "cpu"
        self.everyone = self._gathered(means) if is_told else []
        self.means = means

    def take_means(self) -> dict[str, float]:
        """The means of all processes, which start anew; all must call it, and get the same."""
        everyone = self.everyone or self._gathered(self.means)
        self.means = Means()
        self.everyone = [{**own, "means": Means().state_dict()} for own in self.everyone]
        return mean_of([own["means"] for own in everyone])

    def _gathered(self, means: Means) -> list[dict[str, Any]]:
        own = {"bad_images": self.bad_images, "means": contents.on_cpu(means.state_dict())}
        everyone = [own] * idist.get_world_size()
        if len(everyone) > 1:
            torch.distributed.all_gather_object(everyone, own)
        return everyone

    def state_dict(self) -> dict[str, Any]:
        """Entries of a checkpoint that all processes have alike."""
        return {
            "skipped_in_row": self.skipped_in_row,
            "results": self.results,
            "validated_at": self.validated_at,
        }

    def own_state_dict(self) -> dict[str, Any]:
        """Entries that differ between processes."""
        return {"bad_images": self.bad_images, "means": self.means.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint; the first ones lack some entries, own ones may be None."""
        self.bad_images = int(state["bad_images"] or 0)
        self.skipped_in_row = int(state["skipped_in_row"])
        self.results = dict(state["results"])
        self.validated_at = int(state.get("validated_at", state["iteration"]))
        self.means = Means(state.get("means"))
