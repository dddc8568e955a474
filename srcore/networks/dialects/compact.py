"""The dialect of SRVGGNetCompact: Real-ESRGAN's, which is the native one."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from srcore.weights.channels import CHANNELS, channels_option
from srcore.weights.dialects import Dialect, Options, State

_LAYER = re.compile(r"body\.(\d+)\.(weight|bias)")


def _matches(state: Mapping[str, Tensor]) -> bool:
    first = state.get("body.0.weight")
    if first is None or first.ndim != 4 or not all(map(_LAYER.fullmatch, state)):
        return False
    last = state[f"body.{_last(state)}.weight"]
    channels = first.shape[1]
    side = math.isqrt(last.shape[0] // max(1, channels))
    is_whole = last.ndim == 4 and last.shape[0] == channels * side**2
    return channels in CHANNELS and is_whole


def _infer_options(state: Mapping[str, Tensor], scale: int | None) -> Options:
    last, channels = _last(state), state["body.0.weight"].shape[1]
    return {
        "scale": math.isqrt(state[f"body.{last}.weight"].shape[0] // channels),
        "num_features": state["body.0.weight"].shape[0],
        "num_convs": last // 2 - 1,
        # Files do not tell a rectifier from a leaky one; published ones learn their slopes.
        "activation": "prelu" if "body.1.weight" in state else "relu",
        **channels_option(channels),
    }


def _last(state: Mapping[str, Tensor]) -> int:
    return max(int(match[1]) for match in map(_LAYER.fullmatch, state) if match)


def _keep(state: Mapping[str, Tensor], options: Mapping[str, Any] | None = None) -> State:
    return dict(state)


REAL_ESRGAN = Dialect(
    network="compact",
    matches=_matches,
    infer_options=_infer_options,
    to_native=_keep,
    from_native=_keep,
    container="params",
    exported=True,
)
