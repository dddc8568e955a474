"""Keys of ``spandrel_realplksr``; written by ``writers/write_networks.py``."""

from __future__ import annotations

import attrs

from srcore.options import option
from srplug_spandrel.options.base import RestorerOptions


@attrs.frozen(kw_only=True)
class Options(RestorerOptions):
    """RealPLKSR (Lee et al. 2024, arXiv 2404.11848)."""

    architecture = "realplksr"

    dim: int = option(64, "channels of the trunk", ge=1, le=4096)
    n_blocks: int = option(28, "number of blocks", ge=1, le=4096)
    kernel_size: int = option(17, "side of the large kernels, odd", ge=1, le=4096)
    split_ratio: float = option(0.25, "share of the channels that large kernels see", ge=0, le=1)
    use_ea: bool = option(True, "every pixel and channel gets a learned weight")
    norm_groups: int = option(4, "groups of channels that are normalized together", ge=1, le=4096)
    dropout: float = option(0.0, "share of values that are dropped in training", ge=0, lt=1)
    dysample: bool = option(False, "enlarges by learned sampling points instead of shuffled pixels")
    layer_norm: bool = option(False, "normalizes layers instead of groups of channels")
