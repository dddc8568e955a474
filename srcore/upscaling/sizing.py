"""How large a result is to be: by a factor, by its sides, or by a box that it fits."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal

import attrs

from srcore.options import option

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: What happens to the proportions if both sides are given: see :class:`Sizing`.
Fit = Literal["inside", "cover", "stretch"]
#: Height and width.
Size = tuple[int, int]
#: Longer sides are asked for by mistake; what a format holds is seen when files are named.
LARGEST = 2**32 - 1


@attrs.frozen
class TargetSize:
    """Sizes of one result.

    Attributes:
        resized: what the whole image is enlarged to.
        final: what is written, the middle of it.
    """

    resized: Size
    final: Size


@attrs.frozen(kw_only=True)
class Sizing:
    """What was asked for.

    Attributes:
        scale: output side / input side; None: the network's own, unless a size is given.
        width: of the result, pixels; without ``height`` the proportions are kept.
        height: of the result, pixels; without ``width`` the proportions are kept.
        max_side: the longer side of the result; with ``scale`` no more than an upper limit.
        fit: if both sides are given: ``"inside"`` keeps the proportions within them, ``"cover"``
            fills them and cuts off what is beyond, ``"stretch"`` changes the proportions.
    """

    scale: float | None = option(
        None,
        "output side / input side, any number; without it that of --weights, else 2",
        gt=0,
    )
    width: int | None = option(None, "of the result, pixels; the height follows", ge=1, le=LARGEST)
    height: int | None = option(None, "of the result, pixels; the width follows", ge=1, le=LARGEST)
    max_side: int | None = option(
        None, "longer side of the result, pixels; with --scale its upper limit", ge=1, le=LARGEST
    )
    fit: Fit = option(
        "inside",
        "with --width and --height: within them, filling them and cut, or out of proportion",
    )

    @property
    def is_by_size(self) -> bool:
        """Whether the factor depends on the image."""
        return any((self.width, self.height, self.max_side))

    @property
    def label(self) -> str:
        """For names: ``x2``, ``w1920``, ``h1080``, ``1920x1080``, ``max2000``."""
        if self.width and self.height:
            return f"{self.width}x{self.height}"
        if self.width or self.height:
            return f"w{self.width}" if self.width else f"h{self.height}"
        scale = "" if self.scale is None else f"x{self.scale:g}"
        return "_".join(filter(None, (scale, f"max{self.max_side}" if self.max_side else "")))

    def factor(self, height: int, width: int, network_scale: float) -> float:
        """Output side / input side; the larger one where the proportions change."""
        by_width = self.width / width if self.width else None
        by_height = self.height / height if self.height else None
        if by_width and by_height:
            return min(by_width, by_height) if self.fit == "inside" else max(by_width, by_height)
        if by_width or by_height:
            return by_width or by_height or 1.0
        by_side = self.max_side / max(height, width) if self.max_side else None
        if by_side is None:
            return network_scale if self.scale is None else self.scale
        return by_side if self.scale is None else min(by_side, self.scale)

    def target(self, height: int, width: int, network_scale: float) -> TargetSize:
        """Sizes of the result of an image, never below one pixel."""
        box = (self.height, self.width) if self.height and self.width else None
        if box and self.fit == "stretch":
            return TargetSize((box[0], box[1]), (box[0], box[1]))
        factor = self.factor(height, width, network_scale)
        resized = (_to_whole_side(height * factor), _to_whole_side(width * factor))
        if box and self.fit == "cover":
            resized = (max(resized[0], box[0]), max(resized[1], box[1]))
            return TargetSize(resized, (box[0], box[1]))
        return TargetSize(resized, resized)


def _to_whole_side(side: float) -> int:
    return max(1, int(side + 0.5))


def middle(bands: Iterable[NDArray[Any]], target: TargetSize) -> Iterator[NDArray[Any]]:
    """The middle of an image that arrives in bands of rows ``(h, W, C)``; all are taken."""
    (height, width), (bottom, right) = target.resized, target.final
    top, left = (height - bottom) // 2, (width - right) // 2
    bottom, right = bottom + top, right + left
    row = 0
    for band in bands:
        inside = band[max(0, top - row) : max(0, bottom - row), left:right]
        row += len(band)
        if len(inside):
            yield inside


def renamed_scale(scale: float | None, outscale: float | None) -> float | None:
    """The scale, which Python called ``outscale`` in early versions: whoever does is told."""
    if outscale is None:
        return scale
    text = "outscale is called scale, as on the command line"
    warnings.warn(text, DeprecationWarning, stacklevel=4)
    return outscale if scale is None else scale
