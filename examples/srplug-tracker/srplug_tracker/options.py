"""Keys of the handlers."""

from pathlib import Path

import attrs

from srcore import option


@attrs.frozen(kw_only=True)
class TrackerOptions:
    """Send losses and metrics to a tracker that keeps many runs in one SQLite file."""

    file: Path = option(Path("tracker.sqlite"), "the SQLite file; made where there is none")


@attrs.frozen(kw_only=True)
class PlateauOptions:
    """End the training when a loss has become flat."""

    loss: str = option("", "label of a loss; empty: the first one")
    rows: int = option(20, "logged rows whose mean is compared with that of as many before", ge=1)
    gain: float = option(0.01, "share by which it must have become smaller", ge=0, lt=1)
