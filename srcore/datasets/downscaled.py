"""Samples of a high-resolution series whose low-resolution images are made on the fly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from srcore.data.cropping import finish
from srcore.datasets.aligned import AlignedImages
from srcore.errors import DataError

if TYPE_CHECKING:
    from srcore.contracts import Sample
    from srcore.images import ImageArray
    from srcore.sources.source import ImageSource

# Low-resolution pixels around a crop that its cubic kernel (4 wide) may reach, and one to spare.
_MARGIN = 4


class DownscaledImages(AlignedImages):
    """High-resolution images; ``lr`` is computed from the image cut to a multiple of the scale.

    A crop's ``lr`` equals the crop of the whole image's ``lr``.

    Args:
        hr: high-resolution images.
        scale: factor between the sides.
        downscale: bicubic dialect (:mod:`srcore.transforms.resize`), or ``"none"``: samples hold
            ``hr`` only.
        crops: ``hr_patch_size``, ``flip``, ``rotate`` and ``min_size`` of :class:`AlignedImages`.
    """

    def __init__(
        self, hr: ImageSource, *, scale: int, downscale: str = "matlab", **crops: Any
    ) -> None:
        super().__init__(hr, scale=scale, **crops)
        self._downscale = downscale

    def sample(self, index: int, generator: np.random.Generator | None) -> Sample:
        """Read ``hr`` and make ``lr``: a random crop, or the whole image without generator.

        Raises:
            DataError: an unreadable file, or an image smaller than the crop.
        """
        header, scale = self._hr.header(index), self._scale
        height, width = header.height // scale, header.width // scale
        where = self._hr.where(index)
        if not height or not width:
            raise DataError(f"{where}: a side is smaller than scale = {scale}")
        window, orientation = self._draw(height, width, generator, where)
        if self._downscale == "none":
            hr = self._hr.read_window(index, window.times(scale))
            return {"hr": finish(hr, orientation)}
        # A border of the image stays one: there the dialects continue the image.
        wide = window.grown(_MARGIN, height, width)
        hr, inside = self._hr.read_window(index, wide.times(scale)), window.within(wide)
        lr = downscaled(hr, scale, self._downscale)
        return {
            "lr": finish(inside.cut(lr), orientation),
            "hr": finish(inside.times(scale).cut(hr), orientation),
        }


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
