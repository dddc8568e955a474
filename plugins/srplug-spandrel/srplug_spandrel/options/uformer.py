"""Keys of ``spandrel_uformer``; written by ``writers/write_networks.py``."""

from __future__ import annotations

from typing import Literal

import attrs

from srcore.networks.options import image_channels
from srcore.options import option
from srplug_spandrel.options.base import RestorerOptions


@attrs.frozen(kw_only=True)
class Options(RestorerOptions):
    """Uformer (Wang et al. 2022, arXiv 2106.03106)."""

    architecture = "uformer"

    embed_dim: int = option(32, "channels of the trunk", ge=1, le=4096)
    depths: tuple[int, ...] = option(
        (2, 2, 2, 2, 2, 2, 2, 2, 2), "blocks in each group", ge=1, le=4096
    )
    num_heads: tuple[int, ...] = option(
        (1, 2, 4, 8, 16, 16, 8, 4, 2), "attention heads in each group", ge=1, le=4096
    )
    win_size: int = option(8, "side of the attention windows", ge=1, le=4096)
    mlp_ratio: float = option(4.0, "the inner layer of a block has channels * this", gt=0)
    qkv_bias: bool = option(True, "queries, keys and values learn an offset")
    qk_scale: float | None = option(
        None, "factor of the attention logits; none: by the channels of a head", gt=0
    )
    drop_rate: float = option(0.0, "share of values that are dropped in training", ge=0, lt=1)
    attn_drop_rate: float = option(
        0.0, "share of attention weights that are dropped in training", ge=0, lt=1
    )
    drop_path_rate: float = option(
        0.1, "share of residuals that are dropped in training, in the last block", ge=0, lt=1
    )
    patch_norm: bool = option(True, "tokens are normalized at the start")
    token_projection: Literal["linear", "conv"] = option("linear", "layer before attention")
    token_mlp: Literal["leff", "mlp", "ffn"] = option("leff", "inner layer of a block")
    shift_flag: bool = option(True, "every second block moves its windows by a half")
    modulator: bool = option(False, "windows learn an offset of their own on the way up")
    cross_modulator: bool = option(False, "learned modulators are attended to")
    channels: Literal[1, 3, 4] = image_channels()
