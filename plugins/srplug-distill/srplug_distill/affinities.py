"""How alike features are to one another: matrices that networks of any width share."""

from __future__ import annotations

from typing import Literal

import torch.nn.functional as F
from torch import Tensor

Affinity = Literal["spatial", "channel", "instance"]


def affinity(features: Tensor, kind: Affinity, grid: int = 0) -> Tensor:
    """Cosines between all positions, channels or images of features.

    ``A = Q Q^T`` with rows q_i of length 1 (He, Dai, Lu, Jiang, Xia, "FAKD: Feature-Affinity Based
    Knowledge Distillation for Efficient Image Super-Resolution", ICIP 2020). Rows of zeros stay
    zeros.

    Args:
        features: ``(N, C, H, W)``, float32 or float64.
        kind: what the rows are: ``"spatial"``, the channels of a position; ``"channel"``, the
            positions of a channel; ``"instance"``, all values of an image.
        grid: positions along a side that are kept, of ``"spatial"`` only: of larger features means
            over squares are compared; 0: all.

    Returns:
        ``(N, P, P)`` of P positions, ``(N, C, C)``, or ``(1, N, N)``; in [-1, 1].

    >>> import torch
    >>> features = torch.tensor([[[[1.0, 0.0]], [[0.0, 3.0]]]])
    >>> affinity(features, "spatial")
    tensor([[[1., 0.],
             [0., 1.]]])
    """
    if kind == "spatial":
        rows = pooled(features, grid).flatten(2).transpose(1, 2)
    elif kind == "channel":
        rows = features.flatten(2)
    else:
        rows = features.flatten(1).unsqueeze(0)
    rows = F.normalize(rows, dim=2)
    return rows @ rows.transpose(1, 2)


def pooled(features: Tensor, grid: int) -> Tensor:
    """Means over the smallest squares that leave at most ``grid`` positions along a side.

    Squares at the right and lower edge may be smaller. Where ``grid`` is 0 nothing is done.

    Args:
        features: ``(N, C, H, W)``.
        grid: positions along the longer side.

    Returns:
        ``(N, C, h, w)``.
    """
    side = max(features.shape[-2:])
    if not grid or side <= grid:
        return features
    return F.avg_pool2d(features, -(-side // grid), ceil_mode=True, count_include_pad=False)
