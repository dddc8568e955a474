"""Samples of a high- and a low-resolution series that belong together, image by image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from srcore.data.cropping import oriented
from srcore.datasets.aligned import AlignedImages
from srcore.datasets.checks import is_pair, size_misfit
from srcore.datasets.padding import padded
from srcore.errors import DataError
from srcore.sources.channels import with_channels

if TYPE_CHECKING:
    import numpy as np

    from srcore.contracts import Sample
    from srcore.sources.source import ImageSource


class PairedImages(AlignedImages):
    """Pairs of images: the high-resolution one is ``scale`` times larger.

    Args:
        hr: high-resolution images.
        lr: low-resolution images of the same numbers.
        scale: factor between the sides.
        crops: ``hr_patch_size``, ``flip``, ``rotate`` and ``min_size`` of :class:`AlignedImages`.
    """

    _mirror = "symmetric"

    def __init__(self, hr: ImageSource, lr: ImageSource, *, scale: int, **crops: Any) -> None:
        super().__init__(hr, scale=scale, **crops)
        min_size = crops.get("min_size", "error")
        lr = with_channels(lr, crops.get("channels", 3))
        self._lr = padded(lr, self._patch_size, min_size, multiple=1, mirror=self._mirror)

    def sample(self, index: int, generator: np.random.Generator | None) -> Sample:
        """Read ``lr`` and ``hr``: a random crop of both, or both whole without generator.

        Raises:
            DataError: an unreadable file, sizes that do not fit, or an image smaller than the crop.
        """
        hr, lr = (source.header(index) for source in (self._hr, self._lr))
        hr_size, (height, width) = (hr.height, hr.width), (lr.height, lr.width)
        where = self._lr.where(index)
        if not is_pair(hr_size, (height, width), self._scale):
            raise DataError(f"{where}: {size_misfit(hr_size, (height, width), self._scale)}")
        window, orientation = self._draw(height, width, generator, where)
        return {
            "lr": oriented(self._lr.read_window(index, window), orientation),
            "hr": oriented(self._hr.read_window(index, window.times(self._scale)), orientation),
        }
