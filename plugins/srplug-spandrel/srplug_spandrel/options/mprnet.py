"""Keys of ``spandrel_mprnet``; written by ``writers/write_networks.py``."""

from __future__ import annotations

import attrs

from srcore.options import option
from srplug_spandrel.options.base import RestorerOptions


@attrs.frozen(kw_only=True)
class Options(RestorerOptions):
    """MPRNet (Zamir et al. 2021, arXiv 2102.02808). Academic Public License: non-commercial."""

    architecture = "mprnet"

    n_feat: int = option(40, "channels of the trunk", ge=1, le=4096)
    scale_unetfeats: int = option(
        20, "channels that each level of the U-shaped stages adds", ge=1, le=4096
    )
    scale_orsnetfeats: int = option(16, "channels that the stage at full size adds", ge=1, le=4096)
    num_cab: int = option(8, "blocks in a group of the stage at full size", ge=1, le=4096)
    kernel_size: int = option(3, "side of the large kernels, odd", ge=1, le=4096)
    reduction: int = option(4, "channel attention has channels / this", ge=1, le=4096)
    bias: bool = option(False, "convolutions learn an offset")
