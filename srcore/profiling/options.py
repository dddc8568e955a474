"""What ``srcore profile`` can be asked for."""

from __future__ import annotations

from pathlib import Path

import attrs

from srcore.machine.device_names import device_or_auto_complaint
from srcore.options import option


@attrs.frozen(kw_only=True)
class ProfileOptions:
    """How many steps are looked at, and where the traces go."""

    device: str | None = option(
        None,
        "device to measure on, such as cpu or cuda:1; without it that of the experiment",
        check=lambda name: "" if name is None else device_or_auto_complaint(name),
    )
    steps: int = option(
        10, "true steps that are measured for every stage, after the first two", ge=1, le=1000
    )
    out: Path = option(Path("profile"), "folder for the traces, a file for every stage")
    overwrite: bool = option(False, "replace traces that are there")
