"""What keeps KernelGAN's kernel a kernel: bicubic first; sum 1, dark boundary; centered, sparse."""

from __future__ import annotations

import math

import attrs
import torch
from torch import Tensor

_SMALLEST_BICUBIC = 5e-6
_BICUBIC_ENOUGH = 5e-3


@attrs.define
class BicubicWeight:
    """Weight of the term that starts the kernel as bicubic, and fades."""

    every: int
    value: float = 5.0
    _small_in_row: int = 0
    _fading_since: int | None = None

    @property
    def faded(self) -> bool:
        """Whether the kernel may leave the bicubic one: center and sparsity set in."""
        return self.value < _BICUBIC_ENOUGH

    def update(self, iteration: int, loss: float) -> None:
        """Fade by 100 at once after three losses below 0.4 in a row, then every so often."""
        if self._fading_since is None:
            self._small_in_row = self._small_in_row + 1 if loss < 0.4 else 0
            if self._small_in_row < 3:
                return
            self._fading_since = iteration
        if (iteration - self._fading_since) % self.every == 0:
            self.fade()

    def fade(self) -> None:
        """By 100, down to almost nothing."""
        self.value = max(self.value / 100, _SMALLEST_BICUBIC)


def kernel_penalty(kernel: Tensor, *, faded: bool) -> Tensor:
    """Weighted constraints on the kernel: sum 1, dark boundary; later centered and sparse.

    Args:
        kernel: ``(n, n)``.
        faded: whether center and sparsity count already.
    """
    size = kernel.shape[0]
    offsets = torch.arange(size, device=kernel.device, dtype=kernel.dtype) - (size - 1) / 2
    distance = torch.hypot(offsets[:, None], offsets)
    mask = torch.expm1(distance / 2) / math.expm1(size / 4)
    total = kernel.sum()
    penalty = 0.5 * (1 - total).abs() + 0.5 * (kernel * mask).abs().mean()
    if not faded:
        return penalty
    aim = 0.5  # beyond the middle: where the bicubic term aligns the halved image
    mass = torch.stack([(kernel.sum(1) * offsets).sum(), (kernel.sum(0) * offsets).sum()]) / total
    sparsity = (kernel.abs() + 1e-12).pow(0.2).mean()
    off_center: Tensor = torch.linalg.vector_norm(mass - aim)
    return penalty + off_center + 5 * sparsity
