"""Functions that were not always handed the registry: old calls go on for one minor version."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

from srcore.plugin.manager import plugins
from srcore.plugin.registry import Registry

_Function = TypeVar("_Function", bound=Callable[..., Any])


def once_without_registry(position: int) -> Callable[[_Function], _Function]:
    """Where a call hands no registry, it gets that of the current plugins, and a warning.

    Args:
        position: of the registry among the function's arguments.
    """

    def decorate(function: _Function) -> _Function:
        @functools.wraps(function)
        def call(*arguments: Any, **keywords: Any) -> Any:
            given = arguments[position : position + 1]
            if "registry" in keywords or (given and isinstance(given[0], Registry)):
                return function(*arguments, **keywords)
            text = f"{function.__name__} takes a registry; without one it fails in srcore 0.3"
            warnings.warn(text, DeprecationWarning, stacklevel=2)
            before, after = arguments[:position], arguments[position:]
            return function(*before, plugins().registry, *after, **keywords)

        return call  # type: ignore[return-value]  # the same function to its callers

    return decorate
