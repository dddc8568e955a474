"""Keys of ``spandrel_realcugan``; written by ``writers/write_networks.py``."""

from __future__ import annotations

from typing import Literal

import attrs

from srcore.networks.options import image_channels
from srcore.options import option
from srplug_spandrel.options.base import RestorerOptions


@attrs.frozen(kw_only=True)
class Options(RestorerOptions):
    """Real-CUGAN (github.com/bilibili/ailab, 2022)."""

    architecture = "realcugan"

    pro: bool = option(False, "the second edition, which computes in a narrower range")
    channels: Literal[1, 3, 4] = image_channels()
