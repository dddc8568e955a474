"""Latents that are larger than memory allows: overlapping tiles, blended."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

#: Part of a tile that it has in common with the next one.
OVERLAP = 0.25


def by_tiles(function: Callable[[Tensor], Tensor], latents: Tensor, tile: int) -> Tensor:
    """What a function makes of latents, tile by tile.

    Where tiles overlap, their results are averaged with weights that fall linearly to their edges,
    so that none of them ends at a seam. What fits into a tile is computed whole.

    Args:
        function: ``(N, C, h, w)`` -> ``(N, C, h, w)``.
        latents: ``(N, C, H, W)``.
        tile: largest side; 0: no limit.

    Returns:
        ``(N, C, H, W)``.

    >>> latents = torch.rand(1, 4, 40, 24)
    >>> torch.allclose(by_tiles(lambda part: 2 * part, latents, 16), 2 * latents)
    True
    """
    height, width = latents.shape[-2:]
    if not tile or max(height, width) <= tile:
        return function(latents)
    total = torch.zeros_like(latents)
    weights = latents.new_zeros(height, width)
    rows, columns = min(tile, height), min(tile, width)
    own = _ramps(rows, latents)[:, None] * _ramps(columns, latents)
    for top in _tile_starts(height, tile):
        for left in _tile_starts(width, tile):
            place = (..., slice(top, top + rows), slice(left, left + columns))
            total[place] += own * function(latents[place])
            weights[place] += own
    return total / weights


def _tile_starts(side: int, tile: int) -> list[int]:
    if side <= tile:
        return [0]
    step = tile - int(OVERLAP * tile)
    return [*range(0, side - tile, step), side - tile]


def _ramps(side: int, like: Tensor) -> Tensor:
    """``(side,)``: rising from the first, falling to the last, 1 between."""
    steps = torch.arange(1, side + 1, device=like.device, dtype=like.dtype)
    ramp = steps / (int(OVERLAP * side) + 1)
    return torch.minimum(ramp, ramp.flip(0)).clamp_max(1)
