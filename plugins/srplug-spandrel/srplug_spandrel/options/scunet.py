"""Keys of ``spandrel_scunet``; written by ``writers/write_networks.py``."""

from __future__ import annotations

from typing import Literal

import attrs

from srcore.networks.options import image_channels
from srcore.options import option
from srplug_spandrel.options.base import RestorerOptions


@attrs.frozen(kw_only=True)
class Options(RestorerOptions):
    """SCUNet (Zhang et al. 2022, arXiv 2203.13278)."""

    architecture = "scunet"

    config: tuple[int, ...] = option(
        (4, 4, 4, 4, 4, 4, 4), "blocks on each of the seven levels", ge=1, le=4096
    )
    dim: int = option(64, "channels of the finest level", ge=1, le=4096)
    drop_path_rate: float = option(
        0.0, "share of residuals that are dropped in training, in the last block", ge=0, lt=1
    )
    channels: Literal[1, 3, 4] = image_channels()
