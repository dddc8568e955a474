"""What ``srcore profile`` can be asked for."""

from __future__ import annotations

from pathlib import Path

import attrs

from srcore.estimating.options import measured_device
from srcore.options import option

#: Steps before those that are measured: in the first the optimizers make their state, and
#: networks are compiled.
WARM_UP = 2


@attrs.frozen(kw_only=True)
class ProfileOptions:
    """How many steps are looked at, and where the traces go."""

    device: str | None = measured_device()
    steps: int = option(
        10, "true steps that are measured for every stage, after the first two", ge=1, le=1000
    )
    out: Path = option(Path("profile"), "folder for the traces, a file for every stage")
    compare: bool = option(
        False,
        "also compare channels_last, compile and precisions, in turns with the experiment as it is",
    )
    write: bool = option(
        False, "compare, and write the fastest setting that changes no numbers into EXPERIMENT"
    )
    overwrite: bool = option(False, "replace traces that are there")
