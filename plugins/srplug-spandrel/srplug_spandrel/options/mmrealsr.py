"""Keys of ``spandrel_mmrealsr``; written by ``writers/write_networks.py``."""

from __future__ import annotations

from typing import Literal

import attrs

from srcore.networks.options import image_channels
from srcore.options import option
from srplug_spandrel.options.base import RestorerOptions


@attrs.frozen(kw_only=True)
class Options(RestorerOptions):
    """MM-RealSR (Mou et al. 2022, arXiv 2205.05065)."""

    architecture = "mmrealsr"

    num_feat: int = option(64, "channels of the trunk", ge=1, le=4096)
    num_block: int = option(23, "number of blocks", ge=1, le=4096)
    num_grow_ch: int = option(32, "channels that each layer adds", ge=1, le=4096)
    num_degradation: int = option(2, "kinds of degradation that are told apart", ge=1, le=4096)
    degradation_degree_actv: Literal["sigmoid", "tanh"] = option(
        "sigmoid", "what bounds the degrees of degradation"
    )
    num_feats: tuple[int, ...] = option(
        (64, 128, 256, 512), "channels on each level", ge=1, le=4096
    )
    num_blocks: tuple[int, ...] = option((2, 2, 2, 2), "blocks on each level", ge=1, le=4096)
    downscales: tuple[int, ...] = option(
        (2, 2, 2, 1), "times by which each level makes the image smaller", ge=1, le=4096
    )
    channels: Literal[1, 3, 4] = image_channels()
