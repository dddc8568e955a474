"""Pictures of an animation that are stored as parts, put together as browsers show them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

import attrs
import numpy as np

from srcore.images.format import ImageArray, Picture

#: What becomes of a part when its time is over: it stays, becomes invisible, or what was there
#: before comes back.
Disposal = Literal["stays", "goes", "what was before"]


@attrs.frozen
class Part:
    """A stored picture that covers a part of the animation's area.

    Attributes:
        pixels: ``(h, w, C)``; without alpha they are opaque.
        top: first row.
        left: first column.
        milliseconds: how long it is shown.
        disposal: see :data:`Disposal`.
        lies_over: what was there before shows through where it is transparent; else it is replaced.
    """

    pixels: ImageArray
    top: int = 0
    left: int = 0
    milliseconds: float = 0.0
    disposal: Disposal = "stays"
    lies_over: bool = True


def composed(height: int, width: int, parts: Iterable[Part]) -> Iterator[Picture]:
    """Whole pictures with alpha; the area is invisible at first, and nothing reaches beyond it."""
    area: ImageArray | None = None
    for part in parts:
        pixels = _with_alpha(part.pixels)
        if area is None:
            area = np.zeros((height, width, pixels.shape[-1]), pixels.dtype)
        place = area[part.top :, part.left :][: pixels.shape[0], : pixels.shape[1]]
        pixels = pixels[: place.shape[0], : place.shape[1]]
        before = place.copy() if part.disposal == "what was before" else None
        place[:] = _over(pixels, place) if part.lies_over else pixels
        yield Picture(area.copy(), part.milliseconds)
        if part.disposal != "stays":
            place[:] = 0 if before is None else before


def shown_first(shape: tuple[int, int, int], part: Part) -> ImageArray:
    """What the first part of an animation makes of an area; with alpha unless it fills that.

    ``shape`` and the result are ``(H, W, C)``, in the part's range.
    """
    if part.pixels.shape == shape:
        return part.pixels
    height, width, channels = part.pixels.shape
    area = np.zeros(shape, part.pixels.dtype)
    place = area[part.top :, part.left :][:height, :width]
    place[..., :channels] = part.pixels[: place.shape[0], : place.shape[1]]
    if channels < shape[-1]:
        place[..., channels:] = np.iinfo(area.dtype).max
    return area


def without_alpha(pictures: Iterable[Picture]) -> Iterator[Picture]:
    """Of an animation that leaves nothing invisible."""
    return (attrs.evolve(it, image=it.image[..., :-1]) for it in pictures)


def _with_alpha(pixels: ImageArray) -> ImageArray:
    if pixels.shape[-1] in (2, 4):
        return pixels
    opaque = np.full_like(pixels[..., :1], np.iinfo(pixels.dtype).max)
    return np.concatenate([pixels, opaque], axis=-1)


def _over(upper: ImageArray, lower: ImageArray) -> ImageArray:
    """Straight alpha over straight alpha (PNG specification, section 13.16)."""
    full = np.iinfo(upper.dtype).max
    alpha = upper[..., -1:]
    result = np.where(alpha > 0, upper, lower)
    mixed = ((alpha > 0) & (alpha < full) & (lower[..., -1:] > 0))[..., 0]
    if mixed.any():
        above, below = upper[mixed].astype(np.float64), lower[mixed].astype(np.float64)
        opacity = above[:, -1:] / full
        rest = below[:, -1:] / full * (1 - opacity)
        together = opacity + rest
        colors = (above[:, :-1] * opacity + below[:, :-1] * rest) / together
        result[mixed] = np.rint(np.hstack([colors, together * full])).astype(upper.dtype)
    return result
