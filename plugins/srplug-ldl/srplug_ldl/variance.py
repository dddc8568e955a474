"""Variance of every pixel's surroundings, in few passes over the image and little memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from srcore.errors import SrcoreError

_HEIGHT, _WIDTH = -2, -1


def local_variance(image: Tensor, window_size: int) -> Tensor:
    """Unbiased variance of the window around every pixel; the image is mirrored at its borders.

    Windows are summarized along rows and then along columns: with m and s the mean and the sum of
    squared deviations of a window's row r, and k rows,

        sum of squared deviations of the window = sum_r s_r + k * sum_r (m_r - mean)^2.

    All terms are squares of differences inside a window, so nothing cancels, unlike in E[x^2] -
    E[x]^2, and a window of k^2 pixels costs O(k). Memory is a few images, whatever k, also for the
    gradient.

    Args:
        image: ``(N, C, H, W)``, float32 or float64; H and W above ``window_size // 2``.
        window_size: odd side k of the windows.

    Returns:
        ``(N, C, H, W)``: squared deviations / (k^2 - 1).

    Raises:
        SrcoreError: the image is too small to be mirrored.
    """
    border = window_size // 2
    if min(image.shape[-2:]) <= border:
        raise SrcoreError(
            f"windows of {window_size}x{window_size} need images above {border}x{border}, found "
            f"{image.shape[-2]}x{image.shape[-1]}; lower window_size or enlarge the patches"
        )
    padded = _pad_mirrored(_pad_mirrored(image, border, _HEIGHT), border, _WIDTH)
    variance: Tensor = _LocalVariance.apply(padded, window_size)
    return variance


class _LocalVariance(torch.autograd.Function):
    """(..., H + k - 1, W + k - 1) -> (..., H, W)."""

    @staticmethod
    def forward(ctx: Any, padded: Tensor, size: int) -> Tensor:
        row_mean = _sums(padded, size, _WIDTH).div_(size)
        row_deviations = _deviations(padded, row_mean, size, _WIDTH)
        mean = _sums(row_mean, size, _HEIGHT).div_(size)
        deviations = _deviations(row_mean, mean, size, _HEIGHT).mul_(size)
        deviations += _sums(row_deviations, size, _HEIGHT)
        ctx.save_for_backward(padded, mean)
        ctx.size = size
        return deviations.div_(size * size - 1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        # d variance(p) / d x(q) = 2 (x(q) - mean(p)) / (k^2 - 1) for q in the window of p; summed
        # over p that is x(q) * spread(g)(q) - spread(g * mean)(q). A pivot near x keeps both small.
        padded, mean = ctx.saved_tensors
        pivot = mean.mean(dim=(_HEIGHT, _WIDTH), keepdim=True)
        result = (padded - pivot).mul_(_spread(gradient, ctx.size))
        result -= _spread(gradient * (mean - pivot), ctx.size)
        return result.mul_(2 / (ctx.size * ctx.size - 1)), None


def _window_elements(image: Tensor, size: int, axis: int) -> Iterator[Tensor]:
    """The elements of all windows along an axis: views, one per position in the window."""
    length = image.shape[axis] - size + 1
    return (image.narrow(axis, start, length) for start in range(size))


def _sums(image: Tensor, size: int, axis: int) -> Tensor:
    views = _window_elements(image, size, axis)
    total = next(views).clone()
    for view in views:
        total += view
    return total


def _deviations(image: Tensor, mean: Tensor, size: int, axis: int) -> Tensor:
    """Sums of squared differences from the windows' means."""
    total, difference = torch.zeros_like(mean), torch.empty_like(mean)
    for view in _window_elements(image, size, axis):
        torch.sub(view, mean, out=difference)
        total.addcmul_(difference, difference)
    return total


def _spread(image: Tensor, size: int) -> Tensor:
    """Add every pixel to all pixels of its window: the adjoint of the sums over windows."""
    for axis in (_HEIGHT, _WIDTH):
        shape = list(image.shape)
        shape[axis] += size - 1
        total = image.new_zeros(shape)
        for view in _window_elements(total, size, axis):
            view += image
        image = total
    return image


def _pad_mirrored(image: Tensor, border: int, axis: int) -> Tensor:
    """Reflect padding; unlike ``F.pad`` its gradient is deterministic on GPUs."""
    length = image.shape[axis]
    before = image.narrow(axis, 1, border).flip(axis)
    after = image.narrow(axis, length - 1 - border, border).flip(axis)
    return torch.cat((before, image, after), axis)
