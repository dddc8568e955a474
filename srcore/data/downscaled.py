"""Samples of a high-resolution series whose low-resolution images are made on the fly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from srcore.data.cropping import Crop, draw_crop, draw_orientation, finish, multiple_of
from srcore.errors import DataError

if TYPE_CHECKING:
    from srcore.contracts import Sample
    from srcore.data.images import ImageArray
    from srcore.data.sources import ImageSource

# Low-resolution pixels around a crop that its cubic kernel (4 wide) may reach, and one to spare.
_MARGIN = 4


class DownscaledImages:
    """High-resolution images; ``lr`` is computed from the image cut to a multiple of the scale.

    A crop's ``lr`` equals the crop of the whole image's ``lr``.

    Args:
        hr: high-resolution images.
        scale: factor between the sides.
        downscale: bicubic dialect (:mod:`srcore.transforms.resize`), or ``"none"``: samples hold
            ``hr`` only.
        hr_patch_size: side of the training crops, high-resolution pixels; None: whole images.
        flip: see :func:`srcore.data.cropping.draw_orientation`.
        rotate: see there.
    """

    def __init__(
        self,
        hr: ImageSource,
        *,
        scale: int,
        downscale: str = "matlab",
        hr_patch_size: int | None = None,
        flip: bool = True,
        rotate: bool = True,
    ) -> None:
        self._hr = hr
        self._scale = scale
        self._downscale = downscale
        self._patch_size = None if hr_patch_size is None else hr_patch_size // scale
        self._flip = flip
        self._rotate = rotate

    def __len__(self) -> int:
        return len(self._hr)

    def name(self, index: int) -> str:
        """Stem of the file."""
        return self._hr.name(index)

    def sample(self, index: int, generator: np.random.Generator | None) -> Sample:
        """Read ``hr`` and make ``lr``: a random crop, or the whole image without generator.

        Raises:
            DataError: an unreadable file, or an image smaller than the crop.
        """
        hr = multiple_of(self._hr.read(index), self._scale)
        if hr.size == 0:
            raise DataError(
                f"{self._hr.where(index)}: a side is smaller than scale = {self._scale}"
            )
        crop = None
        if generator is not None and self._patch_size is not None:
            height, width = (side // self._scale for side in hr.shape[:2])
            where = self._hr.where(index)
            crop = draw_crop(height, width, self._patch_size, generator, where)
        sample = {"hr": hr if crop is None else crop.cut(hr, self._scale)}
        if self._downscale != "none":
            sample["lr"] = self._lr_of(hr, crop)
        orientation = None
        if generator is not None:
            orientation = draw_orientation(generator, flip=self._flip, rotate=self._rotate)
        return {name: finish(image, orientation) for name, image in sample.items()}

    def _lr_of(self, hr: ImageArray, crop: Crop | None) -> ImageArray:
        if crop is None:
            return downscaled(hr, self._scale, self._downscale)
        # The window keeps its border on the image's border, where the dialects continue the image.
        height, width = (side // self._scale for side in hr.shape[:2])
        top, left = max(0, crop.top - _MARGIN), max(0, crop.left - _MARGIN)
        bottom = min(height, crop.top + crop.size + _MARGIN)
        right = min(width, crop.left + crop.size + _MARGIN)
        scale = self._scale
        window = hr[top * scale : bottom * scale, left * scale : right * scale]
        lr = downscaled(window, scale, self._downscale)
        return Crop(crop.top - top, crop.left - left, crop.size).cut(lr)


def downscaled(image: ImageArray, scale: int, dialect: str) -> ImageArray:
    """Shrink an image whose sides are multiples of ``scale`` by a bicubic dialect."""
    if scale == 1:
        return image
    # Imported here: it needs torch, which checking an experiment does without.
    from srcore.transforms.resize import resize_uint8

    height, width = (side // scale for side in image.shape[:2])
    # OpenCV and torch cannot take negative strides or read-only memory without a complaint.
    resized = resize_uint8(np.array(image), size=(height, width), dialect=cast("Any", dialect))
    return cast("ImageArray", resized)
