"""Optimizers by name."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor


def adam(
    parameters: Iterable[Tensor],
    *,
    learning_rate: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
) -> torch.optim.Optimizer:
    """Adam; see :class:`srcore.optimization.options.AdamOptions` for the arguments."""
    return torch.optim.Adam(
        parameters, lr=learning_rate, betas=betas, eps=eps, weight_decay=weight_decay
    )


def adamw(
    parameters: Iterable[Tensor],
    *,
    learning_rate: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
) -> torch.optim.Optimizer:
    """AdamW; see :class:`srcore.optimization.options.AdamWOptions` for the arguments."""
    return torch.optim.AdamW(
        parameters, lr=learning_rate, betas=betas, eps=eps, weight_decay=weight_decay
    )
