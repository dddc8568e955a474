"""Weights in files: dialects, loading, saving. These are the names that plugins use.

Names are imported when first used: checking an experiment imports neither torch nor decoders.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from srcore.weights.dialects import Dialect, count, rename

_SOURCES = {
    "Dialect": "srcore.weights.dialects",
    "count": "srcore.weights.dialects",
    "rename": "srcore.weights.dialects",
}

__all__ = [
    "Dialect",
    "count",
    "rename",
]


def __getattr__(name: str) -> Any:
    if name in _SOURCES:
        return getattr(importlib.import_module(_SOURCES[name]), name)
    raise AttributeError(f"module 'srcore.weights' has no attribute {name!r}")
