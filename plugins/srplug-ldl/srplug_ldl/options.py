"""TOML keys of the LDL loss."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import attrs

from srcore.data.sizes import patch_complaint
from srcore.losses.options import compared_entry
from srcore.options import odd, option

if TYPE_CHECKING:
    from srcore.config.schema import Experiment


@attrs.frozen(kw_only=True)
class LDLOptions:
    """Artifact-aware L1 loss; needs the EMA generator."""

    window_size: int = option(
        7, "side of the windows of the local variance in pixels", ge=3, le=256, check=odd
    )
    exponent: float = option(
        0.2, "power of an image's residual variance that scales its map", ge=0, le=1
    )
    detach_map: bool = option(
        False, "no gradient through the map; the published training lets it flow"
    )
    target: str = compared_entry()

    def problems(self, experiment: Experiment) -> Iterator[tuple[str, str]]:
        """Training patches that a window does not fit into."""
        border = self.window_size // 2
        complaint = patch_complaint(
            experiment, lambda side: side > border, f"above {border}", of_output=True
        )
        if complaint:
            yield "window_size", f"windows of {self.window_size}: {complaint}"
