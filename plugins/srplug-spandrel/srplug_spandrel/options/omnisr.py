"""Keys of ``spandrel_omnisr``; written by ``writers/write_networks.py``."""

from __future__ import annotations

from typing import Literal

import attrs

from srcore.networks.options import image_channels
from srcore.options import option
from srplug_spandrel.options.base import RestorerOptions


@attrs.frozen(kw_only=True)
class Options(RestorerOptions):
    """Omni-SR (Wang et al. 2023, arXiv 2304.10244)."""

    architecture = "omnisr"

    num_feat: int = option(64, "channels of the enlargement", ge=1, le=4096)
    block_num: int = option(1, "blocks in a group", ge=1, le=4096)
    pe: bool = option(True, "attention knows where pixels lie")
    window_size: int = option(8, "side of the attention windows", ge=1, le=4096)
    res_num: int = option(1, "number of groups", ge=1, le=4096)
    bias: bool = option(True, "convolutions learn an offset")
    channels: Literal[1, 3, 4] = image_channels()
