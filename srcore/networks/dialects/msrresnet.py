"""The dialect of MSRResNet (modified SRResNet): BasicSR's, which is the native one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from srcore.weights.channels import channels_option
from srcore.weights.dialects import Dialect, Options, State, count, without


def _matches(state: Mapping[str, Tensor]) -> bool:
    marks = ("conv_first", "body.0.conv1", "body.0.conv2", "upconv1", "conv_hr", "conv_last")
    return all(f"{mark}.weight" in state for mark in marks)


def _infer_options(state: Mapping[str, Tensor], scale: int | None) -> Options:
    features, channels = state["conv_first.weight"].shape[:2]
    first = math.isqrt(state["upconv1.weight"].shape[0] // features)
    return {
        "scale": first * (2 if "upconv2.weight" in state else 1),
        "num_features": features,
        "num_blocks": count(state, "body.{}.conv1.weight"),
        **channels_option(channels),
    }


def _keep(state: Mapping[str, Tensor], options: Mapping[str, Any] | None = None) -> State:
    return dict(state)


BASICSR = Dialect(
    network="msrresnet",
    matches=_matches,
    infer_options=_infer_options,
    to_native=_keep,
    from_native=_keep,
    container="params",
    exported=True,
    closed=without("MSRResNet"),
)
