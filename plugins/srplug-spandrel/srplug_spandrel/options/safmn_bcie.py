"""Keys of ``spandrel_safmn_bcie``; written by ``writers/write_networks.py``."""

from __future__ import annotations

import attrs

from srcore.options import option
from srplug_spandrel.options.base import RestorerOptions


@attrs.frozen(kw_only=True)
class Options(RestorerOptions):
    """SAFMN-BCIE (Sun et al. 2023, arXiv 2302.13800)."""

    architecture = "safmn_bcie"

    dim: int = option(48, "channels of the trunk", ge=1, le=4096)
    n_blocks: int = option(6, "blocks in a layer", ge=1, le=4096)
    num_layers: int = option(6, "number of layers", ge=1, le=4096)
    ffn_scale: float = option(2.0, "the inner layer of a block has channels * this", gt=0)
    upscaling_factor: int = option(
        2, "the network works at a size that is smaller by this", ge=1, le=4096
    )
