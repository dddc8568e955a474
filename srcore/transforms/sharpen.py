"""Unsharp masking (USM) with a soft threshold, as Real-ESRGAN sharpens its ground truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import Tensor

from srcore.options.declaration import defaults
from srcore.transforms.batch import image_of
from srcore.transforms.blur import gaussian_taps, separable_blur
from srcore.transforms.options import SharpenOptions

if TYPE_CHECKING:
    import torch

    from srcore.contracts import Batch

_DEFAULT = defaults(SharpenOptions)


def sharpen(
    image: Tensor,
    *,
    size: int = _DEFAULT.size,
    weight: float = _DEFAULT.weight,
    threshold: float = _DEFAULT.threshold,
) -> Tensor:
    """Add detail where there is enough of it.

    With r = x - blur(x) and the mask m = |r| > threshold/255:
    blur(m) * clamp(x + weight * r) + (1 - blur(m)) * x. The Gaussian is applied along rows and
    columns, which equals the published dense size x size filter.

    Args:
        image: ``(N, C, H, W)`` in [0, 1].
        size: odd number of taps; the published default calls it radius 50.
        weight: amount of detail added.
        threshold: in gray levels of 255.

    Returns:
        ``(N, C, H, W)`` in [0, 1].
    """
    taps = gaussian_taps(size)
    detail = image - separable_blur(image, taps)
    soft = separable_blur(detail_mask(detail, threshold), taps)
    sharpened = (image + weight * detail).clamp(0, 1)
    return soft * sharpened + (1 - soft) * image


def detail_mask(detail: Tensor, threshold: float) -> Tensor:
    """1 where the detail exceeds the threshold (gray levels of 255), else 0.

    ``(N, C, H, W)`` in [-1, 1] -> ``(N, C, H, W)``.
    """
    return (detail.abs() * 255 > threshold).to(detail.dtype)


class Sharpen:
    """Transform ``sharpen``: by default adds ``hr_sharpened``.

    >>> import torch
    >>> sharpen = Sharpen(scale=4)
    >>> batch = {"hr": torch.eye(64).expand(1, 3, 64, 64)}
    >>> generator = torch.Generator().manual_seed(1)
    >>> sorted(sharpen(batch, generator))
    ['hr', 'hr_sharpened']
    """

    def __init__(self, *, scale: int, **options: Any) -> None:
        self.options = SharpenOptions(**options)

    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch:
        """Sharpen one tensor of the batch; draws nothing."""
        options = self.options
        image = image_of(batch, options.source, "sharpen")
        sharpened = sharpen(
            image, size=options.size, weight=options.weight, threshold=options.threshold
        )
        return batch | {options.target: sharpened}
