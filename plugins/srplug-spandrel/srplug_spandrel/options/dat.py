"""Keys of ``spandrel_dat``; written by ``writers/write_networks.py``."""

from __future__ import annotations

from typing import Literal

import attrs

from srcore.networks.options import image_channels
from srcore.options import option
from srplug_spandrel.options.base import RestorerOptions


@attrs.frozen(kw_only=True)
class Options(RestorerOptions):
    """DAT (Chen et al. 2023, arXiv 2308.03364)."""

    architecture = "dat"

    embed_dim: int = option(180, "channels of the trunk", ge=1, le=4096)
    split_size: tuple[int, ...] = option((2, 4), "height and width of the windows", ge=1, le=4096)
    depth: tuple[int, ...] = option((2, 2, 2, 2), "blocks in each group", ge=1, le=4096)
    num_heads: tuple[int, ...] = option(
        (2, 2, 2, 2), "attention heads in each group", ge=1, le=4096
    )
    expansion_factor: float = option(4.0, "the inner layer of a block has channels * this", gt=0)
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
    img_range: float = option(1.0, "images are multiplied by it inside the network", gt=0)
    resi_connection: Literal["1conv", "3conv"] = option(
        "1conv", "convolution at the end of a group"
    )
    upsampler: Literal["pixelshuffle", "pixelshuffledirect"] = option(
        "pixelshuffle", "how the image is enlarged"
    )
    channels: Literal[1, 3, 4] = image_channels()
