"""Keys of ``spandrel_swift_srgan``; written by ``writers/write_networks.py``."""

from __future__ import annotations

from typing import Literal

import attrs

from srcore.networks.options import image_channels
from srcore.options import option
from srplug_spandrel.options.base import RestorerOptions


@attrs.frozen(kw_only=True)
class Options(RestorerOptions):
    """Swift-SRGAN (Krishnan et al. 2021, arXiv 2111.14320)."""

    architecture = "swift_srgan"

    num_channels: int = option(64, "channels of the trunk", ge=1, le=4096)
    num_blocks: int = option(16, "blocks on each level", ge=1, le=4096)
    channels: Literal[1, 3, 4] = image_channels()
