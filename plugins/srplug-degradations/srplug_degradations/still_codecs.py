"""WebP and AVIF by Pillow: what is encoded is decoded again."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from srcore.transforms.batch import uniform
from srplug_degradations.arrays import RgbArray, each
from srplug_degradations.base import ImageDegradation
from srplug_degradations.options import AvifDamageOptions, WebPOptions


def coded(array: RgbArray, form: str, **settings: Any) -> RgbArray:
    """An image ``(H, W, 3)`` uint8 after a file format of Pillow."""
    file = io.BytesIO()
    Image.fromarray(array).save(file, form, **settings)
    with Image.open(file, formats=[form]) as image:
        return np.asarray(image.convert("RGB"))


class WebP(ImageDegradation):
    """Transform ``webp``.

    >>> import torch
    >>> generator = torch.Generator().manual_seed(1)
    >>> batch = {"lr": torch.rand(1, 3, 16, 16)}
    >>> damaged = WebP(scale=4)(batch, generator)["lr"]
    >>> damaged.shape, torch.equal(damaged, batch["lr"])
    (torch.Size([1, 3, 16, 16]), False)
    """

    name, options_class = "webp", WebPOptions

    def degraded(self, image: Tensor, generator: torch.Generator) -> Tensor:
        """Every image with a quality of its own."""
        quality = uniform(self.options.quality, len(image), generator).round().int().tolist()
        method = self.options.method
        return each(image, lambda n, array: coded(array, "WEBP", quality=quality[n], method=method))


class AvifDamage(ImageDegradation):
    """Transform ``avif``; one thread, so that the result is always the same.

    >>> import torch
    >>> generator = torch.Generator().manual_seed(1)
    >>> batch = {"lr": torch.rand(1, 3, 16, 16)}
    >>> damaged = AvifDamage(scale=4)(batch, generator)["lr"]
    >>> damaged.shape, torch.equal(damaged, batch["lr"])
    (torch.Size([1, 3, 16, 16]), False)
    """

    name, options_class = "avif", AvifDamageOptions

    def degraded(self, image: Tensor, generator: torch.Generator) -> Tensor:
        """Every image with a quality of its own."""
        quality = uniform(self.options.quality, len(image), generator).round().int().tolist()
        settings = {"speed": self.options.speed, "max_threads": 1}
        return each(image, lambda n, array: coded(array, "AVIF", quality=quality[n], **settings))
