"""Keys of ``spandrel_grl``; written by ``writers/write_networks.py``."""

from __future__ import annotations

from typing import Literal

import attrs

from srcore.networks.options import image_channels
from srcore.options import option
from srplug_spandrel.options.base import RestorerOptions


@attrs.frozen(kw_only=True)
class Options(RestorerOptions):
    """GRL (Li et al. 2023, arXiv 2303.00748)."""

    architecture = "grl"

    embed_dim: int = option(96, "channels of the trunk", ge=1, le=4096)
    img_range: float = option(1.0, "images are multiplied by it inside the network", gt=0)
    upsampler: Literal["pixelshuffle", "pixelshuffledirect", "nearest+conv", ""] = option(
        "pixelshuffle", "how the image is enlarged; at scale 1 it is not"
    )
    depths: tuple[int, ...] = option((6, 6, 6, 6, 6, 6), "blocks in each group", ge=1, le=4096)
    num_heads_window: tuple[int, ...] = option(
        (3, 3, 3, 3, 3, 3), "heads of the attention in windows, in each group", ge=1, le=4096
    )
    num_heads_stripe: tuple[int, ...] = option(
        (3, 3, 3, 3, 3, 3), "heads of the attention in stripes, in each group", ge=1, le=4096
    )
    window_size: int = option(32, "side of the attention windows", ge=1, le=4096)
    stripe_size: tuple[int, ...] = option(
        (64, 64), "height and width of the stripes", ge=1, le=4096
    )
    stripe_shift: bool = option(True, "every second block moves its stripes by a half")
    mlp_ratio: float = option(4.0, "the inner layer of a block has channels * this", gt=0)
    qkv_bias: bool = option(True, "queries, keys and values learn an offset")
    qkv_proj_type: Literal["linear", "separable_conv"] = option("linear", "layer before attention")
    anchor_proj_type: Literal[
        "avgpool",
        "maxpool",
        "conv2d",
        "separable_conv",
        "patchmerging",
    ] = option("avgpool", "how anchors are made of the image")
    anchor_one_stage: bool = option(True, "anchors are made of the image in one step")
    anchor_window_down_factor: int = option(
        4, "anchors lie this much coarser than the image", ge=1, le=4096
    )
    out_proj_type: Literal["linear", "conv2d"] = option("linear", "layer after attention")
    local_connection: bool = option(False, "a convolution beside the attention")
    drop_rate: float = option(0.0, "share of values that are dropped in training", ge=0, lt=1)
    attn_drop_rate: float = option(
        0.0, "share of attention weights that are dropped in training", ge=0, lt=1
    )
    drop_path_rate: float = option(
        0.1, "share of residuals that are dropped in training, in the last block", ge=0, lt=1
    )
    conv_type: Literal["1conv", "3conv", "1conv1x1", "linear"] = option(
        "1conv", "convolution at the end of a group"
    )
    init_method: Literal["n", "l", "r", "w", "t"] = option("n", "how layers and residuals begin")
    euclidean_dist: bool = option(False, "attention goes by distances instead of angles")
    channels: Literal[1, 3, 4] = image_channels()
