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
    """Adam; see :class:`srcore.optimization.options.AdamOptions` for the arguments.

    >>> weight = torch.nn.Parameter(torch.ones(2))
    >>> optimizer = adam([weight], learning_rate=0.1, betas=(0.9, 0.99), eps=1e-8, weight_decay=0.0)
    >>> weight.square().sum().backward()
    >>> optimizer.step()
    >>> weight
    Parameter containing:
    tensor([0.9000, 0.9000], requires_grad=True)
    """
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
    """AdamW; see :class:`srcore.optimization.options.AdamWOptions` for the arguments.

    >>> weight = torch.nn.Parameter(torch.ones(2))
    >>> keys = {"betas": (0.9, 0.99), "eps": 1e-8, "weight_decay": 1.0}
    >>> optimizer = adamw([weight], learning_rate=0.1, **keys)
    >>> weight.square().sum().backward()
    >>> optimizer.step()
    >>> weight
    Parameter containing:
    tensor([0.8000, 0.8000], requires_grad=True)
    """
    return torch.optim.AdamW(
        parameters, lr=learning_rate, betas=betas, eps=eps, weight_decay=weight_decay
    )
