"""Keys of ``spandrel_span``; written by ``writers/write_networks.py``."""

from __future__ import annotations

from typing import Literal

import attrs

from srcore.networks.options import image_channels
from srcore.options import option
from srplug_spandrel.options.base import RestorerOptions


@attrs.frozen(kw_only=True)
class Options(RestorerOptions):
    """SPAN (Wan et al. 2024, arXiv 2311.12770)."""

    architecture = "span"

    feature_channels: int = option(48, "channels of the trunk", ge=1, le=4096)
    norm: bool = option(True, "the mean color of RGB images is removed inside the network")
    img_range: float = option(255.0, "images are multiplied by it inside the network", gt=0)
    rgb_mean: tuple[float, ...] = option(
        (0.4488, 0.4371, 0.404),
        "mean color in [0, 1] that is removed inside the network",
        ge=0,
        le=1,
    )
    channels: Literal[1, 3, 4] = image_channels()
