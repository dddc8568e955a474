"""Dialects of EDSR: BasicSR and EDSR-PyTorch.

EDSR-PyTorch works on images of 0..rgb_range (255) and stores the mean shifts as frozen 1x1
convolutions; BasicSR works on [0, 1] and multiplies by ``img_range`` inside. They are the same
function: the stored shifts become ``rgb_mean`` and ``img_range``, and the weights stay.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from srcore.capabilities import RGB
from srcore.weights.channels import channels_option
from srcore.weights.dialects import Dialect, Options, State, count, rename, without

DIV2K_MEAN = (0.4488, 0.4371, 0.404)

#: Widths from here on were published with residual scaling 0.1 (EDSR, Lim et al. 2017, sec. 3.3);
#: files do not say it.
_SCALED_FROM = 256


def _options_from_shapes(
    state: Mapping[str, Tensor], first: str, block: str, upsample: str, image: Options
) -> Options:
    features, channels = state[f"{first}.weight"].shape[:2]
    return {
        "scale": upsample_scale(state, upsample),
        "num_features": features,
        "num_blocks": count(state, block),
        "res_scale": 0.1 if features >= _SCALED_FROM else 1.0,
        **image,
        **channels_option(channels),
    }


def upsample_scale(state: Mapping[str, Tensor], upsample: str) -> int:
    """Product of the pixel shuffles behind convolutions ``upsample.0``, ``.2``, ``.4``."""
    scale = 1
    for index in (0, 2, 4):
        weight = state.get(f"{upsample}.{index}.weight")
        if weight is not None:
            scale *= math.isqrt(weight.shape[0] // weight.shape[1])
    return scale


def _basicsr_matches(state: Mapping[str, Tensor]) -> bool:
    marks = ("conv_first", "body.0.conv1", "body.0.conv2", "conv_after_body", "conv_last")
    return all(f"{mark}.weight" in state for mark in marks)


def _basicsr_options(state: Mapping[str, Tensor], scale: int | None) -> Options:
    return _options_from_shapes(state, "conv_first", "body.{}.conv1.weight", "upsample", {})


def _keep(state: Mapping[str, Tensor], options: Mapping[str, Any] | None = None) -> State:
    return dict(state)


BASICSR = Dialect(
    network="edsr",
    matches=_basicsr_matches,
    infer_options=_basicsr_options,
    to_native=_keep,
    from_native=_keep,
    container="params",
    exported=True,
    closed=without("EDSR"),
)


_PYTORCH_LAYER = re.compile(
    r"(sub_mean|add_mean|head\.0|body\.\d+(\.body\.[02])?|tail\.0\.[024]|tail\.1)\.(weight|bias)"
)


def _pytorch_matches(state: Mapping[str, Tensor]) -> bool:
    # All keys, because NLSN, RCAN and DLSN share the head, the tail and part of the body.
    return "body.0.body.0.weight" in state and all(map(_PYTORCH_LAYER.fullmatch, state))


def _pytorch_options(state: Mapping[str, Tensor], scale: int | None) -> Options:
    image: Options = {}
    shift = state.get("add_mean.bias")
    if shift is not None and len(shift) == RGB:
        image_range = round(float(shift[0]) / DIV2K_MEAN[0]) or 1
        mean = tuple(round(float(value) / image_range, 6) for value in shift)
        image = {"img_range": float(image_range), "rgb_mean": mean}
    return _options_from_shapes(state, "head.0", "body.{}.body.0.weight", "tail.0", image)


def _pytorch_names(blocks: int) -> dict[str, str]:
    names = {"head.0": "conv_first", f"body.{blocks}": "conv_after_body", "tail.1": "conv_last"}
    for index in (0, 2, 4):
        names[f"tail.0.{index}"] = f"upsample.{index}"
    for block in range(blocks):
        names[f"body.{block}.body.0"] = f"body.{block}.conv1"
        names[f"body.{block}.body.2"] = f"body.{block}.conv2"
    return names


def _pytorch_to_native(state: Mapping[str, Tensor]) -> State:
    names = _pytorch_names(count(state, "body.{}.body.0.weight"))
    kept = {name: value for name, value in state.items() if "_mean." not in name}
    return rename(kept, names)


def _pytorch_from_native(state: Mapping[str, Tensor], options: Mapping[str, Any]) -> State:
    names = _pytorch_names(count(state, "body.{}.conv1.weight"))
    renamed = rename(state, {native: official for official, native in names.items()})
    channels = int(options.get("channels", RGB))
    mean = torch.tensor(
        options.get("rgb_mean", DIV2K_MEAN) if channels == RGB else [0.0] * channels
    )
    shift = mean * float(options.get("img_range", 255.0))
    for name, bias in (("sub_mean", -shift), ("add_mean", shift)):
        renamed[f"{name}.weight"] = torch.eye(channels)[..., None, None]
        renamed[f"{name}.bias"] = bias
    return renamed


EDSR_PYTORCH = Dialect(
    network="edsr",
    matches=_pytorch_matches,
    infer_options=_pytorch_options,
    to_native=_pytorch_to_native,
    from_native=_pytorch_from_native,
    closed=without("EDSR"),
)
