"""What both LPIPS networks share: unit maps, their weighted distance, the published weights of it.

Zhang, Isola, Efros, Shechtman, Wang, "The Unreasonable Effectiveness of Deep Features as a
Perceptual Metric", CVPR 2018 (1801.03924), version 0.1. The weights in ``lpips_alex.npz`` and
``lpips_vgg.npz`` are those of the authors' package ``lpips`` (BSD-2-Clause, Copyright (c) 2018
Zhang, Isola, Efros, Shechtman, Wang), whose license is in the files' entry ``notice``.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import torch
from torch import Tensor, nn

LPIPSName = Literal["alex", "vgg"]
Weights = Literal["imagenet", "random"] | Path

_EPS = 1e-10


class LPIPSNetwork(nn.Module):
    """``sum_l mean_hw sum_c w_lc (phi_lc(x) / |phi_l(x)| - phi_lc(y) / |phi_l(y)|)^2``.

    phi_l are five maps of a network after their ReLU, |.| is over channels; subclasses say which.

    Args:
        file: name of the file with the weights w.
    """

    def __init__(self, file: str) -> None:
        super().__init__()
        with np.load(Path(__file__).with_name(file), allow_pickle=False) as data:
            self.count = len(data.files) - 1  # the notice
            for number in range(self.count):
                layer = torch.from_numpy(data[f"layer{number}"]).view(1, -1, 1, 1)
                self.register_buffer(f"layer{number}", layer)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """``(N, 3, H, W)`` twice, in [0, 1] -> ``(N,)``; differentiable."""
        total = x.new_zeros(len(x))
        for number, maps in enumerate(zip(self.maps(x), self.maps(y), strict=True)):
            a, b = (_unit(each) for each in maps)
            weighted = (a - b).square() * self.get_buffer(f"layer{number}")
            total = total + weighted.sum(1).mean((1, 2))
        return total

    def maps(self, image: Tensor) -> Iterable[Tensor]:
        """The maps ``(N, C, h, w)`` of images ``(N, 3, H, W)`` in [0, 1], one for each layer."""
        raise NotImplementedError


def _unit(maps: Tensor) -> Tensor:
    # All channels are 0 at places: this norm has a slope of 0 there, the root of a sum none.
    norm: Tensor = torch.linalg.vector_norm(maps, dim=1, keepdim=True)
    return maps / (norm + _EPS)


def weights_source(weights: str, file: Path | None) -> Weights:
    """What the keys ``weights`` and ``file`` say together."""
    return file if weights == "file" and file is not None else cast("Any", weights)
