"""Keys of ``spandrel_ditn``; written by ``writers/write_networks.py``."""

from __future__ import annotations

from typing import Literal

import attrs

from srcore.options import option
from srplug_spandrel.options.base import RestorerOptions


@attrs.frozen(kw_only=True)
class Options(RestorerOptions):
    """DITN (Liu et al. 2023, arXiv 2308.02794)."""

    architecture = "ditn"

    dim: int = option(60, "channels of the trunk", ge=1, le=4096)
    ITL_blocks: int = option(4, "number of groups of blocks", ge=1, le=4096)
    SAL_blocks: int = option(4, "blocks of attention along pixels in a group", ge=1, le=4096)
    UFONE_blocks: int = option(1, "pairs of both kinds of attention in a block", ge=1, le=4096)
    ffn_expansion_factor: float = option(
        2.0, "the inner layer of a block has channels * this", gt=0
    )
    bias: bool = option(False, "convolutions learn an offset")
    LayerNorm_type: Literal["WithBias", "BiasFree"] = option(
        "WithBias", "whether the normalization of layers learns an offset"
    )
