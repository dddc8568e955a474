"""Samples of a high- and a low-resolution series that belong together, image by image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srcore.data.checks import fits, misfit
from srcore.data.cropping import draw_crop, draw_orientation, finish, multiple_of
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
        hr, lr = self._hr.read(index), self._lr.read(index)
        if not fits(hr.shape[:2], lr.shape[:2], self._scale):
            found = misfit(hr.shape[:2], lr.shape[:2], self._scale)
            raise DataError(f"{self._lr.where(index)}: {found}")
        if generator is None:
            return {"lr": finish(lr), "hr": finish(multiple_of(hr, self._scale))}
        if self._patch_size is not None:
            height, width = lr.shape[:2]
            where = self._lr.where(index)
            crop = draw_crop(height, width, self._patch_size, generator, where)
            lr, hr = crop.cut(lr), crop.cut(hr, self._scale)
        else:
            hr = multiple_of(hr, self._scale)
        orientation = draw_orientation(generator, flip=self._flip, rotate=self._rotate)
        return {"lr": finish(lr, orientation), "hr": finish(hr, orientation)}
