"""Keys of ``spandrel_m3snet``; written by ``writers/write_networks.py``."""

from __future__ import annotations

from typing import Literal

import attrs

from srcore.networks.options import image_channels
from srcore.options import option
from srplug_spandrel.options.base import RestorerOptions


@attrs.frozen(kw_only=True)
class Options(RestorerOptions):
    """M3SNet (Gao et al. 2023, arXiv 2305.05504). Academic Public License: non-commercial."""

    architecture = "m3snet"

    width: int = option(32, "channels of the finest level", ge=1, le=4096)
    middle_blk_num: int = option(1, "blocks on the coarsest level", ge=0, le=4096)
    enc_blk_nums: tuple[int, ...] = option(
        (1, 1, 1, 28), "blocks on each level on the way down", ge=0, le=4096
    )
    dec_blk_nums: tuple[int, ...] = option(
        (1, 1, 1, 1), "blocks on each level on the way up", ge=0, le=4096
    )
    channels: Literal[1, 3, 4] = image_channels()
