"""Where tiles lie, how much they overlap and how they are faded into each other.

All tiles of an image have the same size and are spread evenly, so that they can be batched and
none is a sliver. Neighbors share ``2 * overlap`` pixels: the middle of what they share is faded
linearly from one to the other, the rest is context that is computed and thrown away. Tiles begin
at multiples of the network's ``tile_multiple``, so that windows and pixel shuffles fall where they
would fall in the whole image.
"""

from __future__ import annotations

import functools
import itertools
import logging
import math
from typing import Any, Literal

import attrs
import torch
from torch import Tensor

from srcore.capabilities import capability
from srcore.errors import SrcoreError
from srcore.inference.backends.program import name_of
from srcore.inference.reach import measure_reach
from srcore.options.spelling import spelled

logger = logging.getLogger("srcore")

#: Context that costs little, in pixels.
_GENEROUS = 16


@attrs.frozen
class Span:
    """A tile along one axis, in low-resolution pixels.

    Attributes:
        start, stop: what the network reads (half-open).
        fade_in: begin and end of the transition from the previous tile; None for the first tile.
        fade_out: the same towards the next tile; None for the last tile.
    """

    start: int
    stop: int
    fade_in: tuple[int, int] | None = None
    fade_out: tuple[int, int] | None = None

    @property
    def kept_start(self) -> int:
        """First pixel that contributes to the result."""
        return self.start if self.fade_in is None else self.fade_in[0]

    @property
    def kept_stop(self) -> int:
        """End of what contributes to the result."""
        return self.stop if self.fade_out is None else self.fade_out[1]

    @property
    def fades_out(self) -> int:
        """Pixels of the transition to the next tile."""
        return 0 if self.fade_out is None else self.fade_out[1] - self.fade_out[0]

    def weights(self, scale: int, device: torch.device | str = "cpu") -> Tensor:
        """Weight of every kept output pixel, ``(L,)`` with L = scale * (kept_stop - kept_start).

        The weights of neighboring tiles add up to 1.
        """
        first, last = scale * self.kept_start, scale * self.kept_stop
        centers = (torch.arange(first, last, dtype=torch.float32) + 0.5) / scale
        weights = torch.ones_like(centers)
        if self.fade_in is not None:
            weights = weights * _ramp(centers, self.fade_in)
        if self.fade_out is not None:
            weights = weights * (1 - _ramp(centers, self.fade_out))
        return weights.to(device)


def _ramp(centers: Tensor, fade: tuple[int, int]) -> Tensor:
    """0 before the transition, 1 behind it."""
    begin, end = fade
    if begin == end:
        return (centers > begin).to(centers.dtype)
    return ((centers - begin) / (end - begin)).clamp(0, 1)


def cut_axis(length: int, tile: int, overlap: int, multiple: int = 1) -> tuple[Span, ...]:
    """Cut one axis into equal tiles.

    Args:
        length: pixels along the axis.
        tile: largest number of pixels that a tile contributes; it reads ``2 * overlap`` more.
        overlap: context on either side of a seam, in pixels.
        multiple: tiles begin at multiples of it.
    """
    shared = _round_up(2 * overlap, multiple)
    number = max(1, math.ceil((length - shared) / tile))
    if number == 1:
        return (Span(0, length),)
    padded = _round_up(length, multiple)
    size = _round_up(math.ceil((padded + shared * (number - 1)) / number), multiple)
    starts = [
        index * (padded - size) // (number - 1) // multiple * multiple for index in range(number)
    ]
    edges = [(start, min(start + size, length)) for start in starts]
    fades = [
        _transition(later[0], earlier[1], min(overlap // 2, tile // 4))
        for earlier, later in itertools.pairwise(edges)
    ]
    return tuple(
        Span(*edge, fade_in=before, fade_out=after)
        for edge, before, after in zip(edges, [None, *fades], [*fades, None], strict=True)
    )


def _transition(first: int, last: int, width: int) -> tuple[int, int]:
    begin = (first + last - width) // 2
    return begin, begin + width


def _round_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple


def choose_overlap(overlap: int | Literal["auto"], tile: int, network: Any) -> int:
    """Context in low-resolution pixels on either side of a seam.

    ``"auto"``: what the network needs (:func:`srcore.inference.reach.measure_reach`), but at least
    a thirty-second of the tile, up to 16 pixels, since that costs little; less if the
    network's ``receptive_radius`` says that less makes tiled and whole results equal. A network
    that feels a cut at any distance is told of. The benchmark ``benchmarks/tiling.py`` has the
    differences.

    Raises:
        SrcoreError: a negative number.
    """
    if overlap != "auto":
        if overlap < 0:
            raise SrcoreError(f"overlap: expected a number of pixels >= 0, found {overlap}")
        return overlap
    radius = capability("network", network, "receptive_radius")
    exact = math.inf if radius is None else _around_transition(radius)
    generous = min(tile // 32, _GENEROUS)
    if generous < exact:  # else what is measured could change nothing
        reach = measure_reach(network)
        if reach.beyond:
            _tell_of(name_of(network), round(reach.beyond), reach.pixels)
        generous = max(generous, _around_transition(reach.pixels))
    return int(min(exact, generous))


def _around_transition(pixels: int) -> int:
    """Overlap of which so many pixels are context: a quarter lies inside the transition."""
    return math.ceil(pixels * 4 / 3)


@functools.cache
def _tell_of(name: str, levels: int, pixels: int) -> None:
    logger.warning(
        "%s: a cut changes the result by up to %d gray levels even %d pixels away (such networks "
        "look at the whole image): tiles will differ from it; %s runs it whole",
        name,
        levels,
        pixels,
        spelled("tile", None),
    )
