"""Keys of ``spandrel_mirnet2``; written by ``writers/write_networks.py``."""

from __future__ import annotations

from typing import Literal

import attrs

from srcore.networks.options import image_channels
from srcore.options import option
from srplug_spandrel.options.base import RestorerOptions


@attrs.frozen(kw_only=True)
class Options(RestorerOptions):
    """MIRNet-v2 (Zamir et al. 2022, arXiv 2205.01649). Academic Public License: non-commercial."""

    architecture = "mirnet2"

    n_feat: int = option(80, "channels of the trunk", ge=1, le=4096)
    chan_factor: float = option(
        1.5, "channels of each level, as a multiple of the level above", gt=0
    )
    num_blocks: int = option(2, "blocks in a group", ge=1, le=4096)
    bias: bool = option(False, "convolutions learn an offset")
    channels: Literal[1, 3, 4] = image_channels()
