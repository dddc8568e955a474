"""Keys of ``spandrel_moesr``; written by ``writers/write_networks.py``."""

from __future__ import annotations

from typing import Literal

import attrs

from srcore.networks.options import image_channels
from srcore.options import option
from srplug_spandrel.options.base import RestorerOptions


@attrs.frozen(kw_only=True)
class Options(RestorerOptions):
    """MoESR (github.com/umzi2/MoESR, 2025)."""

    architecture = "moesr"

    dim: int = option(64, "channels of the trunk", ge=1, le=4096)
    n_blocks: int = option(9, "number of blocks", ge=1, le=4096)
    n_block: int = option(4, "gated units in a block", ge=1, le=4096)
    expansion_factor: float = option(
        2.65625, "the inner layer of a block has channels * this", gt=0
    )
    expansion_msg: float = option(1.5, "channels of the gated branch, as a multiple", gt=0)
    upsampler: Literal[
        "conv",
        "pixelshuffledirect",
        "pixelshuffle",
        "nearest+conv",
        "dysample",
    ] = option("pixelshuffledirect", "how the image is enlarged")
    upsample_dim: int = option(64, "channels of the enlargement", ge=1, le=4096)
    channels: Literal[1, 3, 4] = image_channels()
