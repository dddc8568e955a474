"""Losses of first differences: distance of edges, and how much an image varies at all."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from srcore.contracts import LossContext
from srcore.losses.comparison import ComparisonLoss
from srcore.losses.entries import require_side
from srcore.losses.options import GradientOptions, TotalVariationOptions
from srcore.machine.devices import at_least_float32
from srcore.options.declaration import defaults

_GRADIENT = defaults(GradientOptions)
_TOTAL_VARIATION = defaults(TotalVariationOptions)

Operator = Literal["sobel", "central"]
Variation = Literal["anisotropic", "isotropic", "squared"]

#: Keeps the slope of a root finite where nothing varies; 1e-6 in the value.
_EPS = 1e-12
#: Side of both operators.
OPERATOR_SIDE = 3
_SMOOTHING = {"sobel": (0.25, 0.5, 0.25), "central": (0.0, 1.0, 0.0)}


def image_gradient(image: Tensor, operator: Operator = _GRADIENT.operator) -> Tensor:
    """Horizontal and vertical slopes per pixel, where the operator lies inside the image.

    ``(x[j + 1] - x[j - 1]) / 2``; Sobel's is smoothed across by 1/4, 1/2, 1/4, which is his
    operator over 8. A ramp of slope 1 has the value 1 by both.

    Args:
        image: ``(N, C, H, W)``, floating point, 3 pixels a side or more.
        operator: ``"sobel"`` or ``"central"``.

    Returns:
        ``(N, C, 2, H - 2, W - 2)``: along rows, then along columns.
    """
    across = image.new_tensor(_SMOOTHING[operator])
    along = image.new_tensor((-0.5, 0.0, 0.5))
    kernels = torch.stack([across[:, None] * along, along[:, None] * across])  # (2, 3, 3)
    count, channels, height, width = image.shape
    planes = image.reshape(count * channels, 1, height, width)
    slopes = F.conv2d(planes, kernels[:, None])
    return slopes.reshape(count, channels, 2, height - 2, width - 2)


class GradientLoss(ComparisonLoss):
    """Mean absolute difference of the slopes of both images.

    ``mean |G(sr) - G(hr)|`` with G the horizontal and vertical slopes, or their length
    ``sqrt(G_x^2 + G_y^2)``: the gradient loss of SPSR (Ma et al., "Structure-Preserving Super
    Resolution with Gradient Guidance", CVPR 2020, with ``operator = "central"``).

        [[losses]]
        type = "gradient"
        weight = 0.1

    >>> import torch
    >>> from srcore.contracts import LossContext
    >>> sr = torch.arange(5.0).expand(1, 3, 5, 5)  # a ramp to the right
    >>> context = LossContext({"hr": torch.zeros(1, 3, 5, 5)}, sr, iteration=1)
    >>> GradientLoss()(context), GradientLoss(magnitude=True)(context)
    (tensor(0.5000), tensor(1.0000))

    Args:
        target: batch entry to compare with, ``(N, C, H, W)`` like ``sr``.
        operator: ``"sobel"`` or ``"central"``, see :func:`image_gradient`.
        magnitude: compare lengths of slopes instead of both slopes.
    """

    name = "gradient"
    least_side = OPERATOR_SIDE

    def __init__(
        self,
        target: str = _GRADIENT.target,
        operator: Operator = _GRADIENT.operator,
        magnitude: bool = _GRADIENT.magnitude,
    ) -> None:
        super().__init__(target)
        self.operator: Operator = operator
        self.magnitude = magnitude

    def compare(self, sr: Tensor, target: Tensor) -> Tensor:
        """The loss of a batch of pairs."""
        a, b = (image_gradient(image, self.operator) for image in (sr, target))
        if self.magnitude:
            a, b = ((slopes.square().sum(2) + _EPS).sqrt() for slopes in (a, b))
        return (a - b).abs().mean()


def total_variation(image: Tensor, variation: Variation = _TOTAL_VARIATION.variation) -> Tensor:
    """How much neighbors differ; see :class:`TotalVariationLoss`.

    Images are ``(N, C, H, W)`` in [0, 1]; the result is one value.
    """
    down = image[..., 1:, :] - image[..., :-1, :]
    right = image[..., :, 1:] - image[..., :, :-1]
    if variation == "anisotropic":
        return down.abs().mean() + right.abs().mean()
    if variation == "squared":
        return down.square().mean() + right.square().mean()
    return (down[..., :-1].square() + right[..., :-1, :].square() + _EPS).sqrt().mean()


class TotalVariationLoss(nn.Module):
    """Total variation of the generator's output: a prior against noise, which needs no target.

    ``mean |d_x| + mean |d_y|`` of the differences d of neighboring pixels (``"anisotropic"``), or
    ``mean sqrt(d_x^2 + d_y^2)`` (``"isotropic"``: Rudin, Osher, Fatemi, Physica D 60, 1992), or
    ``mean d_x^2 + mean d_y^2`` (``"squared"``: Mahendran and Vedaldi, CVPR 2015, beta = 2).

        [[losses]]
        type = "total_variation"
        weight = 1e-4

    >>> import torch
    >>> from srcore.contracts import LossContext
    >>> sr = torch.arange(5.0).expand(1, 3, 5, 5)  # a ramp to the right
    >>> TotalVariationLoss()(LossContext({}, sr, iteration=1))
    tensor(1.)

    Args:
        variation: see above.
    """

    name = "total_variation"

    def __init__(self, variation: Variation = _TOTAL_VARIATION.variation) -> None:
        super().__init__()
        self.variation: Variation = variation

    def forward(self, context: LossContext) -> Tensor:
        """The unweighted term, a scalar."""
        require_side(context.sr, 2, self.name)
        with torch.autocast(context.sr.device.type, enabled=False):
            return total_variation(at_least_float32(context.sr), self.variation)
