"""Keys of ``spandrel_realcugan_fast``; written by ``writers/write_networks.py``."""

from __future__ import annotations

from typing import Literal

import attrs

from srcore.networks.options import image_channels
from srplug_spandrel.options.base import RestorerOptions


@attrs.frozen(kw_only=True)
class Options(RestorerOptions):
    """Real-CUGAN, fast (github.com/bilibili/ailab, 2022)."""

    architecture = "realcugan_fast"

    channels: Literal[1, 3, 4] = image_channels()
