"""Keys of ``spandrel_seemore``; written by ``writers/write_networks.py``."""

from __future__ import annotations

from typing import Literal

import attrs

from srcore.options import option
from srplug_spandrel.options.base import RestorerOptions


@attrs.frozen(kw_only=True)
class Options(RestorerOptions):
    """SeemoRe (Zamfir et al. 2024, arXiv 2402.03412)."""

    architecture = "seemore"

    num_experts: int = option(6, "low-rank experts, of which the best are chosen", ge=1, le=4096)
    num_layers: int = option(6, "number of blocks", ge=1, le=4096)
    embedding_dim: int = option(64, "channels of the trunk", ge=1, le=4096)
    img_range: float = option(1.0, "images are multiplied by it inside the network", gt=0)
    use_shuffle: bool = option(True, "channels are shuffled between blocks")
    global_kernel_size: int = option(11, "length of the striped kernels", ge=1, le=4096)
    recursive: int = option(2, "times that a convolution is repeated in an expert", ge=0, le=4096)
    lr_space: Literal["linear", "double", "exp"] = option(
        "linear", "how the ranks of the experts grow"
    )
    topk: int = option(1, "experts that are chosen", ge=1, le=4096)
