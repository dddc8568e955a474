"""Keys of ``spandrel_swin2sr``; written by ``writers/write_networks.py``."""

from __future__ import annotations

from typing import Literal

import attrs

from srcore.networks.options import image_channels
from srcore.options import option
from srplug_spandrel.options.base import RestorerOptions


@attrs.frozen(kw_only=True)
class Options(RestorerOptions):
    """Swin2SR (Conde et al. 2022, arXiv 2209.11345)."""

    architecture = "swin2sr"

    embed_dim: int = option(96, "channels of the trunk", ge=1, le=4096)
    depths: tuple[int, ...] = option((6, 6, 6, 6), "blocks in each group", ge=1, le=4096)
    num_heads: tuple[int, ...] = option(
        (6, 6, 6, 6), "attention heads in each group", ge=1, le=4096
    )
    window_size: int = option(8, "side of the attention windows", ge=1, le=4096)
    mlp_ratio: float = option(4.0, "the inner layer of a block has channels * this", gt=0)
    qkv_bias: bool = option(True, "queries, keys and values learn an offset")
    drop_rate: float = option(0.0, "share of values that are dropped in training", ge=0, lt=1)
    attn_drop_rate: float = option(
        0.0, "share of attention weights that are dropped in training", ge=0, lt=1
    )
    drop_path_rate: float = option(
        0.1, "share of residuals that are dropped in training, in the last block", ge=0, lt=1
    )
    patch_norm: bool = option(True, "tokens are normalized at the start")
    img_range: float = option(1.0, "images are multiplied by it inside the network", gt=0)
    upsampler: Literal["pixelshuffle", "pixelshuffledirect", "nearest+conv", ""] = option(
        "pixelshuffle", "how the image is enlarged"
    )
    resi_connection: Literal["1conv", "3conv"] = option(
        "1conv", "convolution at the end of a group"
    )
    channels: Literal[1, 3, 4] = image_channels()
