"""How long one process reads for a batch, whatever is read ahead."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from srcore.engine.sampling import collate

if TYPE_CHECKING:
    from srcore.engine.training import Training


def seconds_to_read(training: Training, readers: Any, start: int) -> float:
    """Time in which one process reads a batch; the second one, files and caches are open.

    Args:
        training: whose images are read.
        readers: that ``training.feed`` has opened.
        start: an iteration; its batch and the next are read.
    """
    for iteration in (start, start + 1):
        began = time.perf_counter()
        training.feed.take(
            collate([readers.images[key] for key in readers.sampler.keys(iteration)])
        )
        took = time.perf_counter() - began
    return took
