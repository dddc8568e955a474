"""Keys of ``spandrel_atd``; written by ``writers/write_networks.py``."""

from __future__ import annotations

from typing import Literal

import attrs

from srcore.networks.options import image_channels
from srcore.options import option
from srplug_spandrel.options.base import RestorerOptions


@attrs.frozen(kw_only=True)
class Options(RestorerOptions):
    """ATD (Zhang et al. 2024, arXiv 2401.08209)."""

    architecture = "atd"

    embed_dim: int = option(90, "channels of the trunk", ge=1, le=4096)
    depths: tuple[int, ...] = option((6, 6, 6, 6), "blocks in each group", ge=1, le=4096)
    num_heads: tuple[int, ...] = option(
        (6, 6, 6, 6), "attention heads in each group", ge=1, le=4096
    )
    window_size: int = option(8, "side of the attention windows", ge=1, le=4096)
    category_size: int = option(256, "tokens that attend to each other by category", ge=1, le=4096)
    num_tokens: int = option(64, "learned tokens of a block", ge=1, le=4096)
    reducted_dim: int = option(4, "channels by which tokens are chosen", ge=1, le=4096)
    convffn_kernel_size: int = option(
        5, "kernel of the convolution between the two layers of a block", ge=1, le=4096
    )
    mlp_ratio: float = option(2.0, "the inner layer of a block has channels * this", gt=0)
    qkv_bias: bool = option(True, "queries, keys and values learn an offset")
    patch_norm: bool = option(True, "tokens are normalized at the start")
    img_range: float = option(1.0, "images are multiplied by it inside the network", gt=0)
    upsampler: Literal["pixelshuffle", "pixelshuffledirect", "nearest+conv", ""] = option(
        "pixelshuffle", "how the image is enlarged"
    )
    resi_connection: Literal["1conv", "3conv"] = option(
        "1conv", "convolution at the end of a group"
    )
    norm: bool = option(True, "the mean color is removed inside the network")
    channels: Literal[1, 3, 4] = image_channels()
