"""Keys of ``spandrel_nafnet``; written by ``writers/write_networks.py``."""

from __future__ import annotations

from typing import Literal

import attrs

from srcore.networks.options import image_channels
from srcore.options import option
from srplug_spandrel.options.base import RestorerOptions


@attrs.frozen(kw_only=True)
class Options(RestorerOptions):
    """NAFNet (Chen et al. 2022, arXiv 2204.04676)."""

    architecture = "nafnet"

    width: int = option(32, "channels of the finest level", ge=1, le=4096)
    middle_blk_num: int = option(12, "blocks on the coarsest level", ge=0, le=4096)
    enc_blk_nums: tuple[int, ...] = option(
        (2, 2, 4, 8), "blocks on each level on the way down", ge=0, le=4096
    )
    dec_blk_nums: tuple[int, ...] = option(
        (2, 2, 2, 2), "blocks on each level on the way up", ge=0, le=4096
    )
    channels: Literal[1, 3, 4] = image_channels()
