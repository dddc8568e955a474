"""Keys of ``spandrel_drunet``; written by ``writers/write_networks.py``."""

from __future__ import annotations

from typing import Literal

import attrs

from srcore.networks.options import image_channels
from srcore.options import option
from srplug_spandrel.options.base import RestorerOptions


@attrs.frozen(kw_only=True)
class Options(RestorerOptions):
    """DRUNet (Zhang et al. 2021, arXiv 2008.13751)."""

    architecture = "drunet"

    nc: tuple[int, ...] = option((64, 128, 256, 512), "channels on each level", ge=1, le=4096)
    nb: int = option(4, "blocks on each level", ge=1, le=4096)
    act_mode: Literal["R", "L", "BR", "BL"] = option(
        "R", "activation (R: ReLU, L: leaky ReLU; B before it: batch normalization)"
    )
    downsample_mode: Literal["avgpool", "maxpool", "strideconv"] = option(
        "strideconv", "how the image is made smaller"
    )
    upsample_mode: Literal["upconv", "pixelshuffle", "convtranspose"] = option(
        "convtranspose", "how the image is made larger again"
    )
    channels: Literal[1, 3, 4] = image_channels()
