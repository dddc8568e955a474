"""Samples of a high- and a low-resolution series that belong together, image by image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srcore.data.checks import fits, misfit
from srcore.data.cropping import draw_orientation, draw_window, finish
from srcore.errors import DataError

if TYPE_CHECKING:
    import numpy as np

    from srcore.contracts import Sample
    from srcore.data.sources import ImageSource


class PairedImages:
    """Pairs of images: the high-resolution one is ``scale`` times larger.

    Args:
        hr: high-resolution images.
        lr: low-resolution images of the same numbers.
        scale: factor between the sides.
        hr_patch_size: side of the training crops, high-resolution pixels; None: whole images.
        flip: see :func:`srcore.data.cropping.draw_orientation`.
        rotate: see there.
    """

    def __init__(
        self,
        hr: ImageSource,
        lr: ImageSource,
        *,
        scale: int,
        hr_patch_size: int | None = None,
        flip: bool = True,
        rotate: bool = True,
    ) -> None:
        self._hr = hr
        self._lr = lr
        self._scale = scale
        self._patch_size = None if hr_patch_size is None else hr_patch_size // scale
        self._flip = flip
        self._rotate = rotate

    def __len__(self) -> int:
        return len(self._hr)

    def name(self, index: int) -> str:
        """Stem of the high-resolution file."""
        return self._hr.name(index)

    def sample(self, index: int, generator: np.random.Generator | None) -> Sample:
        """Read ``lr`` and ``hr``: a random crop of both, or both whole without generator.

        Raises:
            DataError: an unreadable file, sizes that do not fit, or an image smaller than the crop.
        """
        hr, lr = (source.header(index) for source in (self._hr, self._lr))
        hr_size, (height, width) = (hr.height, hr.width), (lr.height, lr.width)
        where = self._lr.where(index)
        if not fits(hr_size, (height, width), self._scale):
            raise DataError(f"{where}: {misfit(hr_size, (height, width), self._scale)}")
        window = draw_window(height, width, self._patch_size, generator, where)
        orientation = draw_orientation(generator, flip=self._flip, rotate=self._rotate)
        return {
            "lr": finish(self._lr.read_window(index, window), orientation),
            "hr": finish(self._hr.read_window(index, window.times(self._scale)), orientation),
        }
