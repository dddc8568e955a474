"""Making a low-resolution image from a high-resolution one, for files that are kept."""

from __future__ import annotations

import zlib
from typing import Any

import attrs
import cv2
import numpy as np

from srcore.data.cropping import multiple_of
from srcore.datasets.downscaled import downscaled
from srcore.errors import DataError
from srcore.images import ImageArray, decode_image, encode_image, to_rgb
from srcore.prepare.options import OfflineDegradationOptions


@attrs.frozen(kw_only=True)
class OfflineDegradation(OfflineDegradationOptions):
    """Blur, shrink, noise, JPEG, in this order; what is None is left out.

    Every image has noise of its own that depends on seed and name only.
    """

    def apply(self, image: ImageArray, name: str) -> ImageArray:
        """Degrade an image ``(H, W, C)``, uint8 or uint16; ``name`` goes into seed and errors.

        Raises:
            DataError: an image smaller than the scale, or JPEG of 16 bits.
        """
        hr = multiple_of(image, self.scale)
        if hr.size == 0:
            raise DataError(f"{name}: a side is smaller than scale = {self.scale}")
        if self.blur is None and self.noise is None:
            lr = downscaled(hr, self.scale, self.dialect)
        else:
            lr = self._inexact(hr, name)
        return lr if self.jpeg is None else _compressed(lr, self.jpeg, name)

    def _inexact(self, hr: ImageArray, name: str) -> ImageArray:
        """Blur, shrink and noise without rounding in between."""
        import torch

        from srcore.transforms.resize import resize

        peak = np.iinfo(hr.dtype).max
        values: Any = hr.astype(np.float64) / peak
        if self.blur is not None:
            blurred = cv2.GaussianBlur(values, (0, 0), self.blur, borderType=cv2.BORDER_REFLECT)
            values = blurred.reshape(values.shape)
        if self.scale > 1:
            size = values.shape[0] // self.scale, values.shape[1] // self.scale
            planes = torch.from_numpy(np.ascontiguousarray(np.moveaxis(values, -1, 0)))
            resized = resize(planes, size=size, dialect=self.dialect)
            values = np.moveaxis(np.asarray(resized.numpy()), 0, -1)
        if self.noise is not None:
            # Seeded by the name: the same whatever the order and the other images.
            generator = np.random.default_rng(
                [self.seed, zlib.crc32(name.encode("utf-8", "surrogateescape"))]
            )
            values = values + generator.normal(0, self.noise / 255, values.shape)
        result: ImageArray = np.rint(values.clip(0, 1) * peak).astype(hr.dtype)
        return result


def _compressed(image: ImageArray, quality: int, name: str) -> ImageArray:
    if image.dtype != np.uint8:
        raise DataError(f"{name}: JPEG holds 8 bits per channel, the image has 16")
    colors: Any = image if image.shape[-1] in (1, 3) else to_rgb(image)
    return decode_image(encode_image(colors, ".jpg", name, quality=quality), name)
