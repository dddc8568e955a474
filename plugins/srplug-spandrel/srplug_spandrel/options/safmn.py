"""Keys of ``spandrel_safmn``; written by ``writers/write_networks.py``."""

from __future__ import annotations

import attrs

from srcore.options import option
from srplug_spandrel.options.base import RestorerOptions


@attrs.frozen(kw_only=True)
class Options(RestorerOptions):
    """SAFMN (Sun et al. 2023, arXiv 2302.13800)."""

    architecture = "safmn"

    dim: int = option(36, "channels of the trunk", ge=1, le=4096)
    n_blocks: int = option(8, "number of blocks", ge=1, le=4096)
    ffn_scale: float = option(2.0, "the inner layer of a block has channels * this", gt=0)
