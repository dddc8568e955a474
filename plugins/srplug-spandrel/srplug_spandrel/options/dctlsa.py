"""Keys of ``spandrel_dctlsa``; written by ``writers/write_networks.py``."""

from __future__ import annotations

from typing import Literal

import attrs

from srcore.networks.options import image_channels
from srcore.options import option
from srplug_spandrel.options.base import RestorerOptions


@attrs.frozen(kw_only=True)
class Options(RestorerOptions):
    """DCTLSA (Zeng et al. 2023, IEEE TIM 72)."""

    architecture = "dctlsa"

    nf: int = option(55, "channels of the trunk", ge=1, le=4096)
    num_head: int = option(5, "attention heads", ge=1, le=4096)
    channels: Literal[1, 3, 4] = image_channels()
