"""Differences of pixel values: L1, MSE, Charbonnier."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from srcore.contracts import LossContext
from srcore.losses.entries import batch_entry, same_size_entry
from srcore.losses.options import CharbonnierOptions, PixelOptions
from srcore.options.declaration import defaults

_PIXEL = defaults(PixelOptions)
_CHARBONNIER = defaults(CharbonnierOptions)

Reduction = Literal["mean", "sum"]


def l1_loss(
    prediction: Tensor,
    target: Tensor,
    *,
    weight: Tensor | None = None,
    reduction: Reduction = _PIXEL.reduction,
) -> Tensor:
    """``|prediction - target|``, reduced as :func:`reduce_elements` says.

    Images are ``(N, C, H, W)`` in [0, 1]; the result is one value.
    """
    return reduce_elements((prediction - target).abs(), weight, reduction)


def mse_loss(
    prediction: Tensor,
    target: Tensor,
    *,
    weight: Tensor | None = None,
    reduction: Reduction = _PIXEL.reduction,
) -> Tensor:
    """``(prediction - target)^2``, reduced as :func:`reduce_elements` says.

    Images are ``(N, C, H, W)`` in [0, 1]; the result is one value.
    """
    return reduce_elements((prediction - target).square(), weight, reduction)


def charbonnier_loss(
    prediction: Tensor,
    target: Tensor,
    *,
    weight: Tensor | None = None,
    reduction: Reduction = _PIXEL.reduction,
    eps: float = _CHARBONNIER.eps,
) -> Tensor:
    """``sqrt((prediction - target)^2 + eps)`` (Lai et al., LapSRN, 2017).

    Images are ``(N, C, H, W)`` in [0, 1]; the result is one value.

    ``eps`` is added as it is; code that squares a constant of 1e-3 corresponds to ``eps = 1e-6``.
    """
    return reduce_elements(((prediction - target).square() + eps).sqrt(), weight, reduction)


def reduce_elements(elements: Tensor, weight: Tensor | None, reduction: Reduction) -> Tensor:
    """Weighted mean or sum over all elements.

    Args:
        elements: ``(N, C, H, W)``.
        weight: ``(N, C, H, W)`` or ``(N, 1, H, W)``; a one-channel map counts for every channel.
        reduction: ``"mean"`` is ``sum(w l) / sum(w)``, ``"sum"`` is ``sum(w l)``.
    """
    if weight is None:
        return elements.mean() if reduction == "mean" else elements.sum()
    total = (elements * weight).sum()
    return total / weight.expand_as(elements).sum() if reduction == "mean" else total


class PixelLoss(nn.Module):
    """Compares the generator's output with a batch entry; subclasses say how.

    Args:
        target: batch entry to compare with, ``(N, C, H, W)`` like ``sr``.
        reduction: ``"mean"`` or ``"sum"``.
        weight_map: batch entry with weights, see :func:`reduce_elements`.
    """

    name = "pixel"

    def __init__(self, target: str, reduction: Reduction, weight_map: str | None) -> None:
        super().__init__()
        self.target = target
        self.reduction = reduction
        self.weight_map = weight_map

    def forward(self, context: LossContext) -> Tensor:
        """The unweighted term."""
        target = same_size_entry(context, self.target, self.name)
        weight = batch_entry(context, self.weight_map, self.name) if self.weight_map else None
        return self.compare(context.sr, target, weight)

    def compare(self, prediction: Tensor, target: Tensor, weight: Tensor | None) -> Tensor:
        """The loss of a pair of images."""
        raise NotImplementedError


class L1Loss(PixelLoss):
    """Mean absolute error, see :func:`l1_loss`.

    >>> import torch
    >>> from srcore.contracts import LossContext
    >>> sr, hr = torch.full((1, 3, 4, 4), 0.5), torch.zeros(1, 3, 4, 4)
    >>> context = LossContext({"hr": hr}, sr, iteration=1)
    >>> L1Loss("hr", "mean", None)(context)
    tensor(0.5000)
    """

    name = "l1"

    def compare(self, prediction: Tensor, target: Tensor, weight: Tensor | None) -> Tensor:
        """The loss of a pair of images."""
        return l1_loss(prediction, target, weight=weight, reduction=self.reduction)


class MSELoss(PixelLoss):
    """Mean squared error, see :func:`mse_loss`.

    >>> import torch
    >>> from srcore.contracts import LossContext
    >>> sr, hr = torch.full((1, 3, 4, 4), 0.5), torch.zeros(1, 3, 4, 4)
    >>> context = LossContext({"hr": hr}, sr, iteration=1)
    >>> MSELoss("hr", "mean", None)(context)
    tensor(0.2500)
    """

    name = "mse"

    def compare(self, prediction: Tensor, target: Tensor, weight: Tensor | None) -> Tensor:
        """The loss of a pair of images."""
        return mse_loss(prediction, target, weight=weight, reduction=self.reduction)


class CharbonnierLoss(PixelLoss):
    """Smoothed absolute error, see :func:`charbonnier_loss`.

    >>> import torch
    >>> from srcore.contracts import LossContext
    >>> sr, hr = torch.full((1, 3, 4, 4), 0.5), torch.zeros(1, 3, 4, 4)
    >>> context = LossContext({"hr": hr}, sr, iteration=1)
    >>> CharbonnierLoss("hr", "mean", None, eps=0.75)(context)
    tensor(1.)
    """

    name = "charbonnier"

    def __init__(
        self, target: str, reduction: Reduction, weight_map: str | None, eps: float
    ) -> None:
        super().__init__(target, reduction, weight_map)
        self.eps = eps

    def compare(self, prediction: Tensor, target: Tensor, weight: Tensor | None) -> Tensor:
        """The loss of a pair of images."""
        return charbonnier_loss(
            prediction, target, weight=weight, reduction=self.reduction, eps=self.eps
        )
