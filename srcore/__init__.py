"""Image super-resolution where a method is a plugin and an experiment is one TOML file.

Names are imported when first used: ``import srcore`` does not import torch.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

from srcore.lazy import importer
from srcore.moved import OldNames

if TYPE_CHECKING:
    from srcore import metrics, testing
    from srcore.api import (
        build,
        components,
        load_experiment,
        load_generator,
        read_metrics,
        run,
        upscale,
        upscale_film,
    )
    from srcore.contracts import DISCRIMINATOR, GENERATOR, LossContext, Role
    from srcore.errors import SrcoreError
    from srcore.hookspecs import hookimpl
    from srcore.methods.base import Method
    from srcore.options import Selected, component, option

__version__ = "0.1.0"

_HOMES = {
    "build": "srcore.api",
    "components": "srcore.api",
    "load_experiment": "srcore.api",
    "load_generator": "srcore.api",
    "read_metrics": "srcore.runs.columns",
    "run": "srcore.api",
    "upscale": "srcore.api",
    "upscale_film": "srcore.api",
    "DISCRIMINATOR": "srcore.contracts",
    "GENERATOR": "srcore.contracts",
    "LossContext": "srcore.contracts",
    "Role": "srcore.contracts",
    "SrcoreError": "srcore.errors",
    "hookimpl": "srcore.hookspecs",
    "Method": "srcore.methods.base",
    "Selected": "srcore.options.selection",
    "component": "srcore.options.selection",
    "option": "srcore.options.declaration",
}

__all__ = [
    "DISCRIMINATOR",
    "GENERATOR",
    "LossContext",
    "Method",
    "Role",
    "Selected",
    "SrcoreError",
    "__version__",
    "build",
    "component",
    "components",
    "hookimpl",
    "load_experiment",
    "load_generator",
    "metrics",
    "option",
    "read_metrics",
    "run",
    "testing",
    "upscale",
    "upscale_film",
]


_find = importer(__name__, _HOMES)


def __getattr__(name: str) -> Any:
    if name in ("metrics", "testing"):
        return importlib.import_module(f"srcore.{name}")
    return _find(name)


def __dir__() -> list[str]:
    return list(__all__)


sys.meta_path.append(OldNames())
