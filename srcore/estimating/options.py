"""What ``srcore estimate`` can be asked for."""

from __future__ import annotations

from typing import Any, Literal

import attrs

from srcore.machine.device_names import device_or_auto_complaint
from srcore.options import option

#: The devices of :data:`srcore.estimating.devices.DEVICES`, as they are named.
DeviceName = Literal["T4", "L4", "RTX 3060", "RTX 3090", "RTX 4090", "A100", "H100", "H200"]


def measured_device() -> Any:
    """Where true steps are taken."""
    return option(
        None,
        "device to measure on, such as cpu or cuda:1; without it that of the experiment",
        check=lambda name: "" if name is None else device_or_auto_complaint(name),
    )


@attrs.frozen(kw_only=True)
class EstimateOptions:
    """How long is measured, and for which device."""

    device: str | None = measured_device()
    device_like: DeviceName | None = option(
        None, "a device that is not here: its memory and time are reckoned, not measured"
    )
    seconds: float = option(
        10.0, "seconds of true steps for every stage, after the first two", ge=0
    )
