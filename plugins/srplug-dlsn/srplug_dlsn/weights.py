"""The published checkpoint files of DLSN.

Names of layers are the same as here. The files also hold an unused parameter ``a`` and the mean
shift as two frozen convolutions, from which the image range is read.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from srcore.weights.dialects import Dialect, Options, State, count, without
from srplug_dlsn.options import DIV2K_MEAN, RGB

_EXTRA = ("a", "sub_mean.weight", "sub_mean.bias", "add_mean.weight", "add_mean.bias")
_ATTENTION = ("conv_match.0.weight", "conv_assembly.0.weight", "conv_assembly_fc.0.weight")


def _attention_name(state: Mapping[str, Tensor]) -> str:
    """Name of the first group's attention; empty if there is none."""
    for name in state:
        parts = name.split(".conv_match.0.weight")
        if name.startswith("body.0.body.") and len(parts) == 2:
            return parts[0]
    return ""


def _matches(state: Mapping[str, Tensor]) -> bool:
    attention = _attention_name(state)
    return (
        bool(attention)
        and all(f"{attention}.{name}" in state for name in (*_ATTENTION, "fc.2.bias"))
        and {"head.0.weight", "tail.0.0.weight", "tail.1.weight"} <= state.keys()
    )


def _infer_options(state: Mapping[str, Tensor], scale: int | None) -> Options:
    attention = _attention_name(state)
    features, channels = state["head.0.weight"].shape[:2]
    blocks = int(attention.rpartition(".")[2])
    options: Options = {
        "scale": _scale_from_shapes(state),
        "num_features": features,
        "num_groups": count(state, f"body.{{}}.body.{blocks}.conv_match.0.weight"),
        "num_blocks": blocks,
        "reduction": features // state[f"{attention}.conv_match.0.weight"].shape[0],
        "chunk_size": state[f"{attention}.fc.2.bias"].shape[0],
    }
    if channels != RGB:
        options["channels"] = channels
    shift = state.get("add_mean.bias")
    if shift is not None and channels == RGB:
        image_range = round(float(shift[0]) / DIV2K_MEAN[0]) or 1
        options["img_range"] = float(image_range)
        options["rgb_mean"] = tuple(round(float(value) / image_range, 6) for value in shift)
    return options


def _scale_from_shapes(state: Mapping[str, Tensor]) -> int:
    scale, step = 1, 0
    while (weight := state.get(f"tail.0.{step}.weight")) is not None:
        scale *= math.isqrt(weight.shape[0] // weight.shape[1])
        step += 2
    return scale


def _to_native(state: Mapping[str, Tensor]) -> State:
    return {name: value for name, value in state.items() if name not in _EXTRA}


def _from_native(state: Mapping[str, Tensor], options: Mapping[str, Any]) -> State:
    channels = int(options.get("channels", RGB))
    mean = options.get("rgb_mean", DIV2K_MEAN) if channels == RGB else (0.0,) * channels
    shift = torch.tensor(mean) * float(options.get("img_range", 1.0))
    identity = torch.eye(channels)[..., None, None]
    return {
        "a": torch.zeros(1),
        "sub_mean.weight": identity,
        "sub_mean.bias": -shift,
        "add_mean.weight": identity.clone(),
        "add_mean.bias": shift,
        **state,
    }


OFFICIAL = Dialect(
    network="dlsn",
    matches=_matches,
    infer_options=_infer_options,
    to_native=_to_native,
    from_native=_from_native,
    exported=True,
    closed=without("DLSN"),
)
