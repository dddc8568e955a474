"""Keys of ``spandrel_hvicidnet``; written by ``writers/write_networks.py``."""

from __future__ import annotations

import attrs

from srcore.options import option
from srplug_spandrel.options.base import RestorerOptions


@attrs.frozen(kw_only=True)
class Options(RestorerOptions):
    """HVI-CIDNet (Yan et al. 2025, arXiv 2502.20272)."""

    architecture = "hvicidnet"

    widths: tuple[int, ...] = option((36, 36, 72, 144), "channels on each level", ge=1, le=4096)
    heads: tuple[int, ...] = option((1, 2, 4, 8), "attention heads on each level", ge=1, le=4096)
    norm: bool = option(False, "layers are normalized on the way down")
