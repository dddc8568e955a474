"""What plugins name instead of importing it: ``"package.module:name"``, imported when needed."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from srcore.errors import PluginError, SrcoreError, cause
from srcore.plugin.discovery import label

#: A callable, or ``"package.module:name"`` of one.
Target = str | Callable[..., Any]


def resolve(target: Target, what: str = "target", owner: str = "srcore") -> Callable[..., Any]:
    """The callable behind ``"package.module:name"``; imported now, not earlier.

    Args:
        target: what a plugin registered.
        what: what it is, for the message.
        owner: distribution that registered it.

    Raises:
        PluginError: the module cannot be imported or lacks the name.
    """
    if not isinstance(target, str):
        return target
    module, _, name = target.partition(":")
    try:
        resolved: Callable[..., Any] = getattr(importlib.import_module(module), name)
    except (SrcoreError, KeyboardInterrupt):
        raise
    except BaseException as error:  # sys.exit() at import included
        text = f"{label(owner)}: {what}: cannot import {target}: {cause(error)}"
        raise PluginError(text) from error
    return resolved
