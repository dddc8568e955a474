"""SeD: semantic-aware discriminators (Li et al., CVPR 2024, arXiv 2402.19387)."""

from __future__ import annotations

import importlib
import warnings
from typing import Any

_MOVED = {
    "ClipSemantics": "semantics",
    "SemanticDiscriminator": "discriminators",
    "SemanticFusion": "fusion",
    "SemanticPatchDiscriminator": "discriminators",
    "SemanticUNetDiscriminator": "discriminators",
}


def __getattr__(name: str) -> Any:
    if name not in _MOVED:
        raise AttributeError(f'module "srplug_sed" has no attribute "{name}"')
    module = f"srplug_sed.{_MOVED[name]}"
    text = f"srplug_sed.{name} is in {module}; the old name goes away in srplug-sed 0.3"
    warnings.warn(text, DeprecationWarning, stacklevel=2)
    return getattr(importlib.import_module(module), name)
