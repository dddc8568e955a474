"""Data sets: what a sample is. These are the names that plugins build theirs of.

Names are imported when first used: checking an experiment imports neither torch nor decoders.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from srcore.lazy import importer

if TYPE_CHECKING:
    from srcore.datasets.downscaled import DownscaledImages
    from srcore.datasets.options import CropOptions
    from srcore.datasets.pairs import PairedImages

_HOMES = {
    "CropOptions": "srcore.datasets.options",
    "DownscaledImages": "srcore.datasets.downscaled",
    "PairedImages": "srcore.datasets.pairs",
}

__all__ = [
    "CropOptions",
    "DownscaledImages",
    "PairedImages",
]

__getattr__ = importer(__name__, _HOMES)
