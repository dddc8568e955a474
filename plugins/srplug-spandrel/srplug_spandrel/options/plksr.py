"""Keys of ``spandrel_plksr``; written by ``writers/write_networks.py``."""

from __future__ import annotations

from typing import Literal

import attrs

from srcore.options import option
from srplug_spandrel.options.base import RestorerOptions


@attrs.frozen(kw_only=True)
class Options(RestorerOptions):
    """PLKSR (Lee et al. 2024, arXiv 2404.11848)."""

    architecture = "plksr"

    dim: int = option(64, "channels of the trunk", ge=1, le=4096)
    n_blocks: int = option(28, "number of blocks", ge=1, le=4096)
    ccm_type: Literal["CCM", "ICCM", "DCCM"] = option(
        "CCM", "order of the 3x3 and 1x1 convolutions that mix channels"
    )
    kernel_size: int = option(17, "side of the large kernels, odd", ge=1, le=4096)
    split_ratio: float = option(0.25, "share of the channels that large kernels see", ge=0, le=1)
    lk_type: Literal["PLK", "SparsePLK", "RectSparsePLK"] = option(
        "PLK", "how the large kernels are made"
    )
    use_max_kernel: bool = option(False, "sparse kernels get a full one beside them")
    sparse_kernels: tuple[int, ...] = option((5, 5, 5, 5), "sides of sparse kernels", ge=1, le=4096)
    sparse_dilations: tuple[int, ...] = option(
        (1, 2, 3, 4), "dilations of sparse kernels", ge=1, le=4096
    )
    with_idt: bool = option(False, "large kernels keep the identity")
    use_ea: bool = option(True, "every pixel and channel gets a learned weight")
