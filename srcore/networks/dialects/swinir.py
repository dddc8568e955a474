"""The dialect of SwinIR: the official one, which KAIR, BasicSR and spandrel share.

Files carry two buffers that srcore computes itself, ``relative_position_index`` and ``attn_mask``
(for the training size only). They are read for the settings they tell, dropped from the native
weights, and written again, because other programs insist on them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from srcore.networks.dialects.edsr import upsample_scale
from srcore.networks.window_attention import relative_position_index, shift_mask
from srcore.weights.channels import channels_option
from srcore.weights.dialects import Dialect, Options, State, count

_BLOCK = "layers.{}.residual_group.blocks.{}"
_TABLE = "attn.relative_position_bias_table"
_ABSOLUTE = "absolute_pos_embed"
_BUFFERS = ("attn.relative_position_index", "attn_mask")
_LAYER_KEY = re.compile(
    r"layers\.\d+\.(conv(\.[024])?\.(weight|bias)|residual_group\.blocks\.\d+\."
    r"(attn_mask|attn\.relative_position_(bias_table|index)|"
    r"(norm1|norm2|attn\.qkv|attn\.proj|mlp\.fc1|mlp\.fc2)\.(weight|bias)))"
)

#: Models trained with windows of 7 are those for JPEG artifacts, which work on 0..255.
_JPEG_WINDOW = 7

#: Side of the training patches in windows, where nothing tells it (64 with windows of 8).
_USUAL_SIZE = 8


def _matches(state: Mapping[str, Tensor]) -> bool:
    marks = ("conv_first.weight", "norm.weight", f"{_BLOCK.format(0, 0)}.{_TABLE}")
    layers = (name for name in state if name.startswith("layers."))
    # Every key of the layers, because HAT, DRCT and others extend SwinIR's blocks.
    return all(mark in state for mark in marks) and all(map(_LAYER_KEY.fullmatch, layers))


def _infer_options(state: Mapping[str, Tensor], scale: int | None) -> Options:
    stages = count(state, "layers.{}.residual_group.blocks.0.norm1.weight")
    first = _BLOCK.format(0, 0)
    dim, channels = state["conv_first.weight"].shape[:2]
    window = _window(state[f"{first}.{_TABLE}"])
    upsampler = _upsampler_name(state)
    options = {
        "scale": _scale_from_shapes(state, upsampler, channels),
        "embed_dim": dim,
        "depths": tuple(
            count(state, f"layers.{stage}.residual_group.blocks.{{}}.norm1.weight")
            for stage in range(stages)
        ),
        "num_heads": tuple(
            state[f"{_BLOCK.format(stage, 0)}.{_TABLE}"].shape[1] for stage in range(stages)
        ),
        "window_size": window,
        "mlp_ratio": state[f"{first}.mlp.fc1.weight"].shape[0] / dim,
        "upsampler": upsampler,
        "residual_connection": "3conv" if "conv_after_body.0.weight" in state else "1conv",
        "qkv_bias": f"{first}.attn.qkv.bias" in state,
        "patch_norm": "patch_embed.norm.weight" in state,
        "absolute_position": _ABSOLUTE in state,
        "img_range": 255.0 if window == _JPEG_WINDOW else 1.0,
        **channels_option(channels),
    }
    size = _training_size(state, window)
    if size is not None:
        options["img_size"] = size
    if "conv_before_upsample.0.weight" in state:
        options["num_features"] = state["conv_before_upsample.0.weight"].shape[0]
    return options


def _upsampler_name(state: Mapping[str, Tensor]) -> str:
    if "conv_before_upsample.0.weight" in state:
        return "nearest+conv" if "conv_up1.weight" in state else "pixelshuffle"
    return "pixelshuffledirect" if "upsample.0.weight" in state else "none"


def _scale_from_shapes(state: Mapping[str, Tensor], upsampler: str, channels: int) -> int:
    if upsampler == "pixelshuffle":
        return upsample_scale(state, "upsample")
    if upsampler == "pixelshuffledirect":
        return math.isqrt(state["upsample.0.weight"].shape[0] // channels)
    return 1 << count(state, "conv_up{}.weight", start=1)


def _training_size(state: Mapping[str, Tensor], window: int) -> int | None:
    """Side of the training patches, if the buffers tell: windows shift only if it is larger."""
    if _ABSOLUTE in state:
        return math.isqrt(state[_ABSOLUTE].shape[1])
    shifted = f"{_BLOCK.format(0, 1)}.attn_mask"
    if shifted in state:
        return math.isqrt(state[shifted].shape[0]) * window
    has_buffers = f"{_BLOCK.format(0, 0)}.attn.relative_position_index" in state
    has_second = f"{_BLOCK.format(0, 1)}.norm1.weight" in state
    return window if has_buffers and has_second else None


def _to_native(state: Mapping[str, Tensor]) -> State:
    return {name: value for name, value in state.items() if not name.endswith(_BUFFERS)}


def _from_native(state: Mapping[str, Tensor], options: Mapping[str, Any]) -> State:
    completed = dict(state)
    for name in [name for name in state if name.endswith(_TABLE)]:
        block = name.removesuffix(f".{_TABLE}")
        for buffer, value in _buffers(block, _window(state[name]), options).items():
            completed.setdefault(f"{block}.{buffer}", value)
    return completed


def _buffers(block: str, window: int, options: Mapping[str, Any]) -> State:
    made = {_BUFFERS[0]: relative_position_index(window)}
    size = int(options.get("img_size", _USUAL_SIZE * window))
    is_shifted = int(block.rpartition(".")[2]) % 2 == 1
    if is_shifted and size > window:
        size = math.ceil(size / window) * window
        made[_BUFFERS[1]] = shift_mask(size, size, window, window // 2)
    return made


def _window(table: Tensor) -> int:
    return (math.isqrt(table.shape[0]) + 1) // 2


OFFICIAL = Dialect(
    network="swinir",
    matches=_matches,
    infer_options=_infer_options,
    to_native=_to_native,
    from_native=_from_native,
    container="params",
    computed=_BUFFERS,
    exported=True,
)
