"""Weights in files: dialects, loading, saving. These are the names that plugins use.

Names are imported when first used: checking an experiment imports neither torch nor decoders.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from srcore.lazy import importer

if TYPE_CHECKING:
    from srcore.weights.dialects import Dialect, count, rename

_HOMES = {
    "Dialect": "srcore.weights.dialects",
    "count": "srcore.weights.dialects",
    "rename": "srcore.weights.dialects",
}

__all__ = [
    "Dialect",
    "count",
    "rename",
]

__getattr__ = importer(__name__, _HOMES)
