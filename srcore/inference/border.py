"""Images continued beyond their edges, so that networks see no zeros there.

Convolutions pad with zeros, which are gray or black pixels to a network. On photographs that
hardly shows, since networks learned it; beside saturated colors it leaves a colored rim.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from srcore.inference.tiling import Span


@attrs.frozen(eq=False)
class Continued:
    """An image and its mirror images beyond every edge; only windows of it are ever made.

    Attributes:
        image: ``(H, W, C)``.
        border: pixels beyond every edge; may exceed the image.
    """

    image: NDArray[Any]
    border: int = 0

    @property
    def height(self) -> int:
        """Rows with both borders."""
        return int(self.image.shape[0]) + 2 * self.border

    @property
    def width(self) -> int:
        """Columns with both borders."""
        return int(self.image.shape[1]) + 2 * self.border

    def window(self, row: Span, column: Span) -> NDArray[Any]:
        """What a tile reads, ``(h, w, C)``."""
        rows = self._indices(row, self.image.shape[0])
        columns = self._indices(column, self.image.shape[1])
        return self.image[rows][:, columns]

    def _indices(self, span: Span, length: int) -> slice | NDArray[np.intp]:
        start, stop = span.start - self.border, span.stop - self.border
        if start >= 0 and stop <= length:
            return slice(start, stop)
        position = np.arange(start, stop) % (2 * length)
        return np.minimum(position, 2 * length - 1 - position)

    def cut_away(self, bands: Iterator[Tensor], scale: int) -> Iterator[Tensor]:
        """Bands ``(C, h, W)`` of the enlarged whole -> those of the enlarged image itself."""
        first, last = scale * self.border, scale * (self.border + self.image.shape[0])
        columns = slice(first, first + scale * self.image.shape[1])
        row = 0
        for band in bands:
            inside = band[:, max(first - row, 0) : max(last - row, 0), columns]
            row += band.shape[1]
            if inside.shape[1]:
                yield inside
