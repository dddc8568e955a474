"""Keys of ``spandrel_kbnet_s``; written by ``writers/write_networks.py``."""

from __future__ import annotations

from typing import Literal

import attrs

from srcore.networks.options import image_channels
from srcore.options import option
from srplug_spandrel.options.base import RestorerOptions


@attrs.frozen(kw_only=True)
class Options(RestorerOptions):
    """KBNet-S (Zhang et al. 2023, arXiv 2303.02881)."""

    architecture = "kbnet_s"

    width: int = option(64, "channels of the finest level", ge=1, le=4096)
    middle_blk_num: int = option(12, "blocks on the coarsest level", ge=0, le=4096)
    enc_blk_nums: tuple[int, ...] = option(
        (2, 2, 4, 8), "blocks on each level on the way down", ge=0, le=4096
    )
    dec_blk_nums: tuple[int, ...] = option(
        (2, 2, 2, 2), "blocks on each level on the way up", ge=0, le=4096
    )
    lightweight: bool = option(False, "kernels are made of fewer channels")
    ffn_scale: float = option(2.0, "the inner layer of a block has channels * this", gt=0)
    channels: Literal[1, 3, 4] = image_channels()
