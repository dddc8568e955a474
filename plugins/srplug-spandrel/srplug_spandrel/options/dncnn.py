"""Keys of ``spandrel_dncnn``; written by ``writers/write_networks.py``."""

from __future__ import annotations

from typing import Literal

import attrs

from srcore.networks.options import image_channels
from srcore.options import option
from srplug_spandrel.options.base import RestorerOptions


@attrs.frozen(kw_only=True)
class Options(RestorerOptions):
    """DnCNN (Zhang et al. 2017, arXiv 1608.03981)."""

    architecture = "dncnn"

    nc: int = option(64, "channels of the trunk", ge=1, le=4096)
    nb: int = option(17, "number of layers", ge=1, le=4096)
    act_mode: Literal["R", "L", "BR", "BL"] = option(
        "R", "activation (R: ReLU, L: leaky ReLU; B before it: batch normalization)"
    )
    channels: Literal[1, 3, 4] = image_channels()
