"""Keys of ``spandrel_mixdehazenet``; written by ``writers/write_networks.py``."""

from __future__ import annotations

import attrs

from srcore.options import option
from srplug_spandrel.options.base import RestorerOptions


@attrs.frozen(kw_only=True)
class Options(RestorerOptions):
    """MixDehazeNet (Lu et al. 2023, arXiv 2305.17654)."""

    architecture = "mixdehazenet"

    embed_dims: tuple[int, ...] = option(
        (24, 48, 96, 48, 24), "channels on each level", ge=1, le=4096
    )
    depths: tuple[int, ...] = option((1, 1, 2, 1, 1), "blocks in each group", ge=1, le=4096)
