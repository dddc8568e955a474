"""Keys of ``spandrel_mosr``; written by ``writers/write_networks.py``."""

from __future__ import annotations

from typing import Literal

import attrs

from srcore.networks.options import image_channels
from srcore.options import option
from srplug_spandrel.options.base import RestorerOptions


@attrs.frozen(kw_only=True)
class Options(RestorerOptions):
    """MoSR (github.com/umzi2/MoSR, 2024)."""

    architecture = "mosr"

    n_block: int = option(24, "number of blocks", ge=1, le=4096)
    dim: int = option(64, "channels of the trunk", ge=1, le=4096)
    upsampler: Literal["ps", "dys", "gps"] = option("ps", "how the image is enlarged")
    drop_path: float = option(
        0.0, "share of residuals that are dropped in training, in the last block", ge=0, lt=1
    )
    kernel_size: int = option(7, "side of the kernels, odd", ge=1, le=4096)
    expansion_ratio: float = option(1.5, "the inner layer of a block has channels * this", gt=0)
    conv_ratio: float = option(1.0, "share of the channels that are convolved", gt=0)
    channels: Literal[1, 3, 4] = image_channels()
