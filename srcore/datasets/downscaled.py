"""Samples of a high-resolution series whose low-resolution images are made on the fly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from srcore.data.cropping import oriented
from srcore.datasets.aligned import AlignedImages
from srcore.datasets.options import HrFolderOptions
from srcore.errors import DataError
from srcore.options.declaration import defaults

if TYPE_CHECKING:
    from srcore.contracts import Sample
    from srcore.images import ImageArray
    from srcore.sources.source import ImageSource

_DEFAULT = defaults(HrFolderOptions)

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
        blur_sigma: standard deviation in pixels of a Gaussian blur before shrinking; 0: none.
        blur_size: odd number of its taps.
        crops: ``hr_patch_size``, ``flip``, ``rotate`` and ``min_size`` of :class:`AlignedImages`.
    """

    def __init__(
        self,
        hr: ImageSource,
        *,
        scale: int,
        downscale: str = _DEFAULT.downscale,
        blur_sigma: float = _DEFAULT.blur_sigma,
        blur_size: int = _DEFAULT.blur_size,
        **crops: Any,
    ) -> None:
        super().__init__(hr, scale=scale, **crops)
        self._downscale = downscale
        self._blur = (blur_size, blur_sigma) if blur_sigma else None

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
            return {"hr": oriented(hr, orientation)}
        # A border of the image stays one: there the dialects continue the image.
        wide = window.grown(_MARGIN + self._blur_reach(), height, width)
        hr, inside = self._hr.read_window(index, wide.times(scale)), window.within(wide)
        if self._blur is None:
            lr = downscaled(hr, scale, self._downscale)
        else:
            lr = blurred_and_downscaled(hr, scale, self._downscale, *self._blur)
        return {
            "lr": oriented(inside.cut(lr), orientation),
            "hr": oriented(inside.times(scale).cut(hr), orientation),
        }

    def _blur_reach(self) -> int:
        """Low-resolution pixels that the blur reaches beyond the bicubic kernel."""
        return 0 if self._blur is None else -(-self._blur[0] // (2 * self._scale))


def downscaled(image: ImageArray, scale: int, dialect: str) -> ImageArray:
    """Shrink an image whose sides are multiples of ``scale`` by a bicubic dialect.

    ``(H, W, C)``, uint8 or uint16 -> ``(H / scale, W / scale, C)`` of the same type.
    """
    if scale == 1:
        return image
    # Imported here: it needs torch, which checking an experiment does without.
    from srcore.transforms.resize import resize_uint8

    height, width = (side // scale for side in image.shape[:2])
    # OpenCV and torch cannot take negative strides or read-only memory without a complaint.
    resized = resize_uint8(np.array(image), size=(height, width), dialect=cast("Any", dialect))
    return cast("ImageArray", resized)


def blurred_and_downscaled(
    image: ImageArray, scale: int, dialect: str, size: int, sigma: float
) -> ImageArray:
    """Blur by a Gaussian of ``size`` taps, shrink, and round once; sides are multiples.

    ``(H, W, C)``, uint8 or uint16 -> ``(H / scale, W / scale, C)`` of the same type.
    """
    import torch

    from srcore.transforms.blur import gaussian_blur
    from srcore.transforms.resize import resize

    peak = np.iinfo(image.dtype).max
    planes = torch.from_numpy(image.astype(np.float64) / peak).movedim(-1, 0)
    small = (image.shape[0] // scale, image.shape[1] // scale)
    lr = resize(gaussian_blur(planes, size, sigma), size=small, dialect=cast("Any", dialect))
    levels = (lr * peak).round().clamp(0, peak).movedim(0, -1)
    return levels.numpy().astype(image.dtype)
