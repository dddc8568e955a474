"""Keys of ``spandrel_fftformer``; written by ``writers/write_networks.py``."""

from __future__ import annotations

from typing import Literal

import attrs

from srcore.networks.options import image_channels
from srcore.options import option
from srplug_spandrel.options.base import RestorerOptions


@attrs.frozen(kw_only=True)
class Options(RestorerOptions):
    """FFTformer (Kong et al. 2023, arXiv 2211.12250)."""

    architecture = "fftformer"

    dim: int = option(48, "channels of the finest level", ge=1, le=4096)
    num_blocks: tuple[int, ...] = option((6, 6, 12), "blocks on each level", ge=1, le=4096)
    num_refinement_blocks: int = option(4, "blocks at full size at the end", ge=1, le=4096)
    ffn_expansion_factor: float = option(
        3.0, "the inner layer of a block has channels * this", gt=0
    )
    bias: bool = option(False, "convolutions learn an offset")
    channels: Literal[1, 3, 4] = image_channels()
