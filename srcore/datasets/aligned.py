"""What samples of aligned images have in common: one window and one orientation for both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srcore.data.cropping import draw_orientation, draw_window
from srcore.datasets.options import CropOptions
from srcore.datasets.padding import Mirror, padded
from srcore.options.declaration import defaults
from srcore.sources.channels import with_channels

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from srcore.data.cropping import Orientation, Window
    from srcore.sources.source import ImageSource

_DEFAULT = defaults(CropOptions)


class AlignedImages:
    """High-resolution images and, wherever they come from, low-resolution ones of the same places.

    Args:
        hr: high-resolution images.
        scale: factor between the sides.
        hr_patch_size: side of the training crops, high-resolution pixels; None: whole images.
        flip: see :func:`srcore.data.cropping.draw_orientation`.
        rotate: see there.
        min_size: ``"pad"`` continues images that are smaller than the crop.
        channels: 1 gray, 3 RGB, 4 RGB and alpha.
    """

    _mirror: Mirror = "reflect"
    #: Of an epoch, where the images have one of their own (:class:`srcore.contracts.Sampler`).
    order: Callable[[int, np.random.Generator], NDArray[np.int64]] | None = None

    def __init__(
        self,
        hr: ImageSource,
        *,
        scale: int,
        hr_patch_size: int | None = _DEFAULT.hr_patch_size,
        flip: bool = _DEFAULT.flip,
        rotate: bool = _DEFAULT.rotate,
        min_size: str = _DEFAULT.min_size,
        channels: int = _DEFAULT.channels,
    ) -> None:
        hr = with_channels(hr, channels)
        self._hr = padded(hr, hr_patch_size, min_size, multiple=scale, mirror=self._mirror)
        self._scale = scale
        self._patch_size = None if hr_patch_size is None else hr_patch_size // scale
        self._flip = flip
        self._rotate = rotate

    def __len__(self) -> int:
        return len(self._hr)

    def name(self, index: int) -> str:
        """Name of the high-resolution file."""
        return self._hr.name(index)

    def _draw(
        self, height: int, width: int, generator: np.random.Generator | None, source: str
    ) -> tuple[Window, Orientation]:
        """Window in low-resolution pixels, and how the crop is laid.

        Raises:
            DataError: the image ``source`` is smaller than the crop.
        """
        window = draw_window(height, width, self._patch_size, generator, source)
        return window, draw_orientation(generator, flip=self._flip, rotate=self._rotate)
