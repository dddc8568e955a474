"""Chopped evaluation as published: four overlapping tiles, cut again while they are large.

The geometry is that of EDSR-PyTorch's ``--chop``, which the published commands use. Hashing sees
one tile at a time, so results differ from those of the whole image beyond the borders, too.
:func:`whole images <srplug_dlsn.ops.library.hashed_attention>` need no chopping here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import attrs
import torch
from torch import Tensor

#: Low-resolution pixels of overlap, and tiles from this size on are cut again.
PUBLISHED_SHAVE = 10
PUBLISHED_MIN_PIXELS = 120_000


@attrs.frozen
class Rectangle:
    """Half-open rows ``[top, bottom)`` and columns ``[left, right)``."""

    top: int
    bottom: int
    left: int
    right: int

    def intersect(self, other: Rectangle) -> Rectangle:
        """What both cover; possibly empty."""
        top, left = max(self.top, other.top), max(self.left, other.left)
        bottom = max(top, min(self.bottom, other.bottom))
        right = max(left, min(self.right, other.right))
        return Rectangle(top, bottom, left, right)


@attrs.frozen
class ChoppedTile:
    """What the network sees, and which part of its answer is used (low-resolution pixels)."""

    seen: Rectangle
    used: Rectangle


def chop(
    height: int,
    width: int,
    min_pixels: int = PUBLISHED_MIN_PIXELS,
    shave: int = PUBLISHED_SHAVE,
) -> Iterator[ChoppedTile]:
    """Tiles of an image in the published order.

    An image is always cut at least once, unless a tile would be the whole image, where the
    published program fails or does not end.
    """
    whole = Rectangle(0, height, 0, width)
    yield from _quarters(whole, whole, min_pixels, shave)


def _quarters(
    area: Rectangle, used: Rectangle, min_pixels: int, shave: int
) -> Iterator[ChoppedTile]:
    height, width = area.bottom - area.top, area.right - area.left
    tile_height = min(_tile_side(height, shave, 4), height)
    tile_width = min(_tile_side(width, shave, 8), width)
    if (tile_height, tile_width) == (height, width):
        yield ChoppedTile(area, used)
        return
    middle, center = area.top + height // 2, area.left + width // 2
    rows = (
        (area.top, area.top + tile_height, area.top, middle),
        (area.bottom - tile_height, area.bottom, middle, area.bottom),
    )
    columns = (
        (area.left, area.left + tile_width, area.left, center),
        (area.right - tile_width, area.right, center, area.right),
    )
    for top, bottom, used_top, used_bottom in rows:
        for left, right, used_left, used_right in columns:
            seen = Rectangle(top, bottom, left, right)
            share = used.intersect(Rectangle(used_top, used_bottom, used_left, used_right))
            if tile_height * tile_width < min_pixels:
                yield ChoppedTile(seen, share)
            else:
                yield from _quarters(seen, share, min_pixels, shave)


def _tile_side(side: int, shave: int, multiple: int) -> int:
    """Half the side and the overlap, up to the next multiple (also from a multiple)."""
    tile = side // 2 + shave
    return tile + multiple - tile % multiple


def run_chopped(
    network: Callable[[Tensor], Tensor],
    lr: Tensor,
    scale: int,
    min_pixels: int = PUBLISHED_MIN_PIXELS,
    shave: int = PUBLISHED_SHAVE,
) -> Tensor:
    """``(N, C, h, w)`` -> ``(N, C, scale*h, scale*w)``, one tile after the other."""
    sr: Tensor | None = None
    for tile in chop(lr.shape[-2], lr.shape[-1], min_pixels, shave):
        seen, used = tile.seen, tile.used
        answer = network(lr[..., seen.top : seen.bottom, seen.left : seen.right])
        if sr is None:
            sr = answer.new_empty((*answer.shape[:2], scale * lr.shape[-2], scale * lr.shape[-1]))
        rows = slice(scale * used.top, scale * used.bottom)
        columns = slice(scale * used.left, scale * used.right)
        top, left = scale * (used.top - seen.top), scale * (used.left - seen.left)
        bottom = scale * (used.bottom - seen.top)
        right = scale * (used.right - seen.left)
        sr[..., rows, columns] = answer[..., top:bottom, left:right]
    assert sr is not None
    return sr


@torch.no_grad()
def owner_map(height: int, width: int, scale: int, tiles: list[ChoppedTile]) -> Tensor:
    """Index of the tile that supplies each high-resolution pixel, ``(scale*h, scale*w)`` int64."""
    owners = torch.zeros(scale * height, scale * width, dtype=torch.int64)
    for index, tile in enumerate(tiles):
        used = tile.used
        owners[scale * used.top : scale * used.bottom, scale * used.left : scale * used.right] = (
            index
        )
    return owners
