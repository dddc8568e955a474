"""Locally discriminative learning: where a generator invents artifacts, and how to stop it.

Liang, Zeng, Zhang, "Details or Artifacts: A Locally Discriminative Learning Approach to Realistic
Image Super-Resolution", CVPR 2022.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from srcore.contracts import LossContext
from srcore.errors import SrcoreError
from srcore.losses.entries import same_size_entry
from srcore.machine.devices import at_least_float32
from srcore.options.declaration import defaults
from srplug_ldl.options import LDLOptions
from srplug_ldl.variance import local_variance

_DEFAULT = defaults(LDLOptions)


def residual(image: Tensor, target: Tensor) -> Tensor:
    """Absolute differences summed over channels: two ``(N, C, H, W)`` -> ``(N, 1, H, W)``."""
    distance: Tensor = _Residual.apply(image, target)
    return distance


class _Residual(torch.autograd.Function):
    """Keeps the two images, which are there anyway, and no difference of all channels."""

    @staticmethod
    def forward(ctx: Any, image: Tensor, target: Tensor) -> Tensor:
        ctx.save_for_backward(image, target)
        total = torch.zeros_like(image[:, :1])
        for channel in range(image.shape[1]):
            total += (target[:, channel, None] - image[:, channel, None]).abs_()
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        image, target = ctx.saved_tensors
        result = torch.sub(image, target).sign_().mul_(gradient)
        return result, None


def image_weight(residuals: Tensor, exponent: float = _DEFAULT.exponent) -> Tensor:
    """Stabilizer: every image's variance of residuals, unbiased, to a power; ``(N, 1, 1, 1)``.

    An image with constant residuals has weight 0 and no gradient. (The published code gives NaN
    gradients there, because 0^0.2 has infinite slope.)
    """
    variance = residuals.var(dim=(1, 2, 3), keepdim=True)
    varies = variance >= torch.finfo(variance.dtype).tiny
    safe = torch.where(varies, variance, torch.ones_like(variance))
    return torch.where(varies, safe**exponent, torch.zeros_like(variance))


def artifact_map(
    sr_residual: Tensor,
    ema_residual: Tensor | None = None,
    *,
    window_size: int = _DEFAULT.window_size,
    exponent: float = _DEFAULT.exponent,
) -> Tensor:
    """How likely every pixel is an artifact (paper: M_refine, section 3.2).

    Local variance of the residual times :func:`image_weight`; zero where the generator is better
    than its EMA, ``sr_residual < ema_residual``. Equality keeps the pixel, so nothing is zeroed
    while both are the same. Not normalized.

    Args:
        sr_residual: :func:`residual` of the generator's output, ``(N, 1, H, W)``; gradients flow.
        ema_residual: that of the EMA generator; None: no refinement.
        window_size: odd side k of the windows; H and W must be above ``k // 2``.
        exponent: see :func:`image_weight`.

    Returns:
        ``(N, 1, H, W)``, >= 0.

    Raises:
        SrcoreError: the images are too small for the windows.
    """
    variance = local_variance(sr_residual, window_size)
    weights = image_weight(sr_residual, exponent) * variance
    if ema_residual is None:
        return weights
    return weights.masked_fill(sr_residual < ema_residual, 0)


class LDLLoss(nn.Module):
    """``mean(M * |sr - hr|)`` with the :func:`artifact_map` M of both generators' outputs.

    Equals the published mean |M*sr - M*hr|. By default the gradient flows through M too, as in the
    published training; that is most of it. Always computed in float32 at least, also under
    autocast.

        [[losses]]
        type = "ldl"
        weight = 1.0

    >>> import torch
    >>> from srcore.contracts import LossContext
    >>> sr, hr = torch.rand(1, 3, 8, 8), torch.zeros(1, 3, 8, 8)
    >>> context = LossContext({"hr": hr}, sr, iteration=1, ema_sr=2 * sr)
    >>> LDLLoss()(context)  # better than its average everywhere: no artifacts
    tensor(0.)

    Args:
        window_size: odd side of the windows of the local variance.
        exponent: power of an image's residual variance.
        detach_map: let no gradient flow through M.
        target: batch entry to compare with, ``(N, 3, H, W)`` like ``sr``.
    """

    def __init__(
        self,
        window_size: int = _DEFAULT.window_size,
        exponent: float = _DEFAULT.exponent,
        detach_map: bool = _DEFAULT.detach_map,
        target: str = _DEFAULT.target,
    ) -> None:
        super().__init__()
        self.window_size = window_size
        self.exponent = exponent
        self.detach_map = detach_map
        self.target = target

    def forward(self, context: LossContext) -> Tensor:
        """The unweighted term.

        Raises:
            SrcoreError: there is no output of an EMA generator, or the target has another size.
        """
        if context.ema_sr is None:
            raise SrcoreError(
                'loss "ldl" needs the output of the EMA generator; set train.ema_decay to a decay '
                "such as 0.999"
            )
        target = at_least_float32(same_size_entry(context, self.target, "ldl"))
        with torch.autocast(target.device.type, enabled=False):
            errors = residual(at_least_float32(context.sr), target)
            weights = artifact_map(
                errors,
                residual(at_least_float32(context.ema_sr), target),
                window_size=self.window_size,
                exponent=self.exponent,
            )
            if self.detach_map:
                weights = weights.detach()
            # errors are sums over channels; the published mean goes over channels too
            return (weights * errors).mean() / target.shape[1]
