"""Keys of ``spandrel_fdat``; written by ``writers/write_networks.py``."""

from __future__ import annotations

from typing import Literal

import attrs

from srcore.networks.options import image_channels
from srcore.options import option
from srplug_spandrel.options.base import RestorerOptions


@attrs.frozen(kw_only=True)
class Options(RestorerOptions):
    """FDAT (github.com/stinkybread/FDAT, 2025)."""

    architecture = "fdat"

    embed_dim: int = option(120, "channels of the trunk", ge=1, le=4096)
    num_groups: int = option(4, "number of groups", ge=1, le=4096)
    depth_per_group: int = option(3, "repetitions of the pattern in a group", ge=1, le=4096)
    num_heads: int = option(4, "attention heads", ge=1, le=4096)
    window_size: int = option(8, "side of the attention windows", ge=1, le=4096)
    ffn_expansion_ratio: float = option(2.0, "the inner layer of a block has channels * this", gt=0)
    aim_reduction_ratio: int = option(
        8, "the gate between the branches has channels / this", ge=1, le=4096
    )
    drop_path_rate: float = option(
        0.1, "share of residuals that are dropped in training, in the last block", ge=0, lt=1
    )
    mid_dim: int = option(64, "channels before the enlargement", ge=1, le=4096)
    upsampler_type: Literal[
        "conv",
        "pixelshuffledirect",
        "pixelshuffle",
        "nearest+conv",
        "dysample",
        "transpose+conv",
    ] = option("transpose+conv", "how the image is enlarged")
    img_range: float = option(1.0, "images are multiplied by it inside the network", gt=0)
    unshuffle_mod: bool = option(False, "scales 1 and 2 work on an image made smaller by shuffling")
    channels: Literal[1, 3, 4] = image_channels()
