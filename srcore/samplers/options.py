"""Options of the samplers."""

from __future__ import annotations

from pathlib import Path

import attrs

from srcore.options import option


@attrs.frozen(kw_only=True)
class WeightedOptions:
    """Draws with replacement: an image of weight 2 comes twice as often as one of weight 1."""

    file: Path = option(
        help="lines of a name (as in tables, without suffix) and its weight; others have 1",
        path="file",
    )
