"""Keys of ``spandrel_craft``; written by ``writers/write_networks.py``."""

from __future__ import annotations

from typing import Literal

import attrs

from srcore.networks.options import image_channels
from srcore.options import option
from srplug_spandrel.options.base import RestorerOptions


@attrs.frozen(kw_only=True)
class Options(RestorerOptions):
    """CRAFT (Li et al. 2023, arXiv 2308.05022)."""

    architecture = "craft"

    window_size: int = option(16, "side of the attention windows", ge=1, le=4096)
    embed_dim: int = option(48, "channels of the trunk", ge=1, le=4096)
    depths: tuple[int, ...] = option((2, 2, 2, 2), "blocks in each group", ge=1, le=4096)
    num_heads: tuple[int, ...] = option(
        (6, 6, 6, 6), "attention heads in each group", ge=1, le=4096
    )
    split_size_0: int = option(4, "height of the windows", ge=1, le=4096)
    split_size_1: int = option(16, "width of the windows", ge=1, le=4096)
    mlp_ratio: float = option(2.0, "the inner layer of a block has channels * this", gt=0)
    qkv_bias: bool = option(True, "queries, keys and values learn an offset")
    qk_scale: float | None = option(
        None, "factor of the attention logits; none: by the channels of a head", gt=0
    )
    img_range: float = option(1.0, "images are multiplied by it inside the network", gt=0)
    resi_connection: Literal["1conv", "3conv"] = option(
        "1conv", "convolution at the end of a group"
    )
    channels: Literal[1, 3, 4] = image_channels()
