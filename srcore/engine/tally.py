"""What a training counts and finds beside the state of its parts; in every checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from srcore.engine.means import Means

if TYPE_CHECKING:
    from srcore.engine.validator import Averages


@attrs.define
class Tally:
    """Counts and results so far.

    Attributes:
        bad_images: how many unreadable images of this process were replaced by others.
        skipped_in_row: how many iterations were skipped since the last good one.
        results: the last validation, by set and metric.
        validated_at: its iteration; -1: there was none.
        means: of what the next line of the log is made.
    """

    bad_images: int = 0
    skipped_in_row: int = 0
    results: Averages = attrs.field(factory=dict)
    validated_at: int = -1
    means: Means = attrs.field(factory=Means)

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
        self.means.load_state_dict(state.get("means") or self.means.state_dict())
