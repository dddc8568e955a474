"""Keys of ``spandrel_retinexformer``; written by ``writers/write_networks.py``."""

from __future__ import annotations

import attrs

from srcore.options import option
from srplug_spandrel.options.base import RestorerOptions


@attrs.frozen(kw_only=True)
class Options(RestorerOptions):
    """Retinexformer (Cai et al. 2023, arXiv 2303.06705)."""

    architecture = "retinexformer"

    n_feat: int = option(40, "channels of the trunk", ge=1, le=4096)
    stage: int = option(3, "number of U-shaped stages", ge=1, le=4096)
    num_blocks: tuple[int, ...] = option((1, 1, 1), "blocks on each level", ge=1, le=4096)
