"""What the generator makes, made small again, should be what it was given."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from srcore.contracts import LossContext
from srcore.errors import SrcoreError
from srcore.losses.entries import batch_entry
from srcore.losses.options import ConsistencyOptions
from srcore.machine.devices import at_least_float32
from srcore.options.declaration import defaults
from srcore.transforms.resize import resize

_DEFAULT = defaults(ConsistencyOptions)

Downscale = Literal["matlab", "opencv", "area"]


def downscaled(image: Tensor, scale: int, how: Downscale) -> Tensor:
    """Images ``(N, C, H, W)`` of ``1 / scale`` the side; differentiable."""
    if scale == 1:
        return image
    if how == "area":
        return F.avg_pool2d(image, scale)
    return resize(image, scale=1 / scale, dialect=how)


class ConsistencyLoss(nn.Module):
    """Distance of the downscaled output to the low-resolution image.

    ``mean |D(sr) - lr|`` with D the down-scaling that made the low-resolution images: outputs that
    differ in what the low resolution tells are wrong whatever they look like (the downscaling loss
    of PULSE, Menon et al., CVPR 2020; as a measure in NTIRE 2021, Learning the Super-Resolution
    Space). Of images with other damages than D (noise, JPEG) it asks for those damages: compare
    with an entry without them.

        [[losses]]
        type = "consistency"
        weight = 0.1

    >>> import torch
    >>> from srcore.contracts import LossContext
    >>> sr, lr = torch.full((1, 3, 8, 8), 0.5), torch.zeros(1, 3, 4, 4)
    >>> ConsistencyLoss()(LossContext({"lr": lr}, sr, iteration=1))
    tensor(0.5000)

    Args:
        target: batch entry with the low-resolution images, ``(N, C, h, w)``.
        downscale: D: bicubic as ``"matlab"`` (antialiased) or ``"opencv"`` (not), or the mean of
            squares of pixels (``"area"``).
        criterion: mean absolute (``"l1"``) or squared difference (``"mse"``).
    """

    name = "consistency"

    def __init__(
        self,
        target: str = _DEFAULT.target,
        downscale: Downscale = _DEFAULT.downscale,
        criterion: Literal["l1", "mse"] = _DEFAULT.criterion,
    ) -> None:
        super().__init__()
        self.target = target
        self.downscale: Downscale = downscale
        self.criterion = criterion

    def forward(self, context: LossContext) -> Tensor:
        """The unweighted term."""
        lr = batch_entry(context, self.target, self.name)
        scale = self._scale(context.sr, lr)
        with torch.autocast(lr.device.type, enabled=False):
            difference = downscaled(at_least_float32(context.sr), scale, self.downscale)
            difference = difference - at_least_float32(lr)
            return (difference.abs() if self.criterion == "l1" else difference.square()).mean()

    def _scale(self, sr: Tensor, lr: Tensor) -> int:
        scale = max(1, sr.shape[-1] // max(1, lr.shape[-1]))
        if sr.shape != (*lr.shape[:2], lr.shape[2] * scale, lr.shape[3] * scale):
            raise SrcoreError(
                f'loss "{self.name}": the batch entry "{self.target}" has shape '
                f"{tuple(lr.shape)}; expected images of which those of the generator, "
                f"{tuple(sr.shape)}, are a whole multiple; name the low-resolution ones"
            )
        return scale
