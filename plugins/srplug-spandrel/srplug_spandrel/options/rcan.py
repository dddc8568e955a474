"""Keys of ``spandrel_rcan``; written by ``writers/write_networks.py``."""

from __future__ import annotations

from typing import Literal

import attrs

from srcore.networks.options import image_channels
from srcore.options import option
from srplug_spandrel.options.base import RestorerOptions


@attrs.frozen(kw_only=True)
class Options(RestorerOptions):
    """RCAN (Zhang et al. 2018, arXiv 1807.02758)."""

    architecture = "rcan"

    n_resgroups: int = option(10, "number of groups", ge=1, le=4096)
    n_resblocks: int = option(20, "residual blocks in a group", ge=1, le=4096)
    n_feats: int = option(64, "channels of the trunk", ge=1, le=4096)
    rgb_range: float = option(255.0, "images are multiplied by it inside the network", gt=0)
    norm: bool = option(True, "the mean color of RGB images is removed inside the network")
    kernel_size: int = option(3, "side of the kernels, odd", ge=1, le=4096)
    reduction: int = option(16, "channel attention has channels / this", ge=1, le=4096)
    res_scale: float = option(1.0, "factor of every residual", gt=0)
    act_mode: Literal["relu", "rrelu", "lrelu", "prelu"] = option(
        "relu", "activation (R: ReLU, L: leaky ReLU; B before it: batch normalization)"
    )
    unshuffle_mod: bool = option(False, "scales 1 and 2 work on an image made smaller by shuffling")
    channels: Literal[1, 3, 4] = image_channels()
