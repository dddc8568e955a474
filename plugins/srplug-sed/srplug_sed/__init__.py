"""SeD: semantic-aware discriminators (Li et al., CVPR 2024, arXiv 2402.19387)."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from srplug_sed.discriminators import (
        SemanticDiscriminator,
        SemanticPatchDiscriminator,
        SemanticUNetDiscriminator,
    )
    from srplug_sed.fusion import SemanticFusion
    from srplug_sed.semantics import ClipSemantics

_SOURCES = {
    "ClipSemantics": "semantics",
    "SemanticDiscriminator": "discriminators",
    "SemanticFusion": "fusion",
    "SemanticPatchDiscriminator": "discriminators",
    "SemanticUNetDiscriminator": "discriminators",
}

__all__ = [
    "ClipSemantics",
    "SemanticDiscriminator",
    "SemanticFusion",
    "SemanticPatchDiscriminator",
    "SemanticUNetDiscriminator",
]


def __getattr__(name: str) -> Any:
    # Late, because srcore imports this package to list components, which needs no torch.
    if name in _SOURCES:
        return getattr(importlib.import_module(f"srplug_sed.{_SOURCES[name]}"), name)
    raise AttributeError(f'module "srplug_sed" has no attribute "{name}"')
