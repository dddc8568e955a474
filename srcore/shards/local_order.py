"""An order of images that reads a few shards at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def local_order(
    counts: Sequence[int], window: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """Every image once: shards shuffled, then the images of ``window`` shards each, together.

    With no more shards than the window it is a permutation of all images, drawn as those of a
    folder are.

    Args:
        counts: images of every shard.
        window: shards.
        generator: of the epoch.

    Returns:
        Numbers of images ``(N,)``.

    >>> local_order([2, 2, 2], 1, np.random.default_rng(0)).tolist()
    [5, 4, 0, 1, 2, 3]
    """
    ends = np.cumsum(counts, dtype=np.int64)
    total = int(ends[-1]) if len(ends) else 0
    if len(ends) <= window:
        return generator.permutation(total)
    order, filled = np.empty(total, np.int64), 0
    shards = generator.permutation(len(ends))
    for first in range(0, len(shards), window):
        begin = filled
        for shard in shards[first : first + window]:
            count = counts[shard]
            order[filled : filled + count] = np.arange(ends[shard] - count, ends[shard])
            filled += count
        generator.shuffle(order[begin:filled])
    return order
