"""The BD degradation: blur, then bicubic down-scaling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from srcore.transforms.batch import image_of
from srcore.transforms.blur import gaussian_blur
from srcore.transforms.noise import quantized
from srcore.transforms.resize import resize
from srplug_dlsn.options import BlurDownscaleOptions

if TYPE_CHECKING:
    import torch

    from srcore.contracts import Batch


class BlurDownscale:
    """``lr`` from ``hr`` by a fixed Gaussian blur and bicubic down-scaling.

    Zhang et al., "Learning a Single Convolutional Super-Resolution Network for Multiple
    Degradations", 2018; the field calls it BD and uses 7x7, sigma 1.6, x3.

    A transform sees crops, whose border it continues as in a mirror: the outermost ring of ``lr``
    then differs from that of the whole image. Data set ``hr_folder`` with ``blur_sigma`` blurs
    before it crops.

    >>> import torch
    >>> batch = {"hr": torch.rand(1, 3, 24, 24)}
    >>> BlurDownscale(scale=3)(batch, torch.Generator())["lr"].shape
    torch.Size([1, 3, 8, 8])
    """

    def __init__(self, *, scale: int, **options: Any) -> None:
        self.scale = scale
        self.options = BlurDownscaleOptions(**options)

    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch:
        """Add or replace ``lr``."""
        hr = image_of(batch, "hr", "blur_downscale")
        blurred = gaussian_blur(hr, self.options.size, self.options.sigma)
        size = (hr.shape[-2] // self.scale, hr.shape[-1] // self.scale)
        lr = resize(blurred, size=size, dialect=self.options.dialect).clamp(0, 1)
        return {**batch, "lr": quantized(lr) if self.options.quantize else lr}
