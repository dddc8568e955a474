"""What a training is at, for whoever watches: calls of components, and work of the engine.

Kinds are those of components (``"loss"``, ``"transform"``, ``"metric"``, ...), and of the engine
``"transforms"``, ``"backward"``, ``"update"``, ``"average"``, ``"validated"`` and ``"pictures"``. A
part is told by its identity. Where nobody watches this costs one look at a variable.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

#: Given the kind of a piece of work and what does it; the work is done inside the context.
Watcher = Callable[[str, Any], contextlib.AbstractContextManager[Any]]

_NOBODY = contextlib.nullcontext()
_watch: ContextVar[Watcher | None] = ContextVar("srcore_watch", default=None)


def watched(kind: str, part: Any) -> contextlib.AbstractContextManager[Any]:
    """The context in which a part does a piece of work."""
    watch = _watch.get()
    return _NOBODY if watch is None else watch(kind, part)


@contextlib.contextmanager
def watching(watch: Watcher) -> Iterator[None]:
    """Have every piece of work of this thread told to ``watch`` inside the block."""
    token = _watch.set(watch)
    try:
        yield
    finally:
        _watch.reset(token)
