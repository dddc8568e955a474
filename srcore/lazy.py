"""Packages whose public names are imported when they are first used.

So ``import srcore``, ``srcore --help`` and ``srcore check`` load neither torch nor decoders.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any

from srcore.messages import shown


def importer(package: str, modules: Mapping[str, str]) -> Callable[[str], Any]:
    """The ``__getattr__`` of a package, see PEP 562; it is asked for every name once.

        __getattr__ = importer(__name__, _HOMES)

    Args:
        package: its dotted name.
        modules: module by public name, below the package or, with a dot, in full.
    """

    def find(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {shown(package)} has no attribute {shown(name)}")
        module = modules[name]
        path = module if "." in module else f"{package}.{module}"
        value = getattr(importlib.import_module(path), name)
        setattr(sys.modules[package], name, value)
        return value

    return find
