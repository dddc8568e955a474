"""The residual block of EDSR and MSRResNet."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from srcore.networks.options import EDSROptions
from srcore.options.declaration import defaults

_DEFAULT = defaults(EDSROptions)


class ResidualBlock(nn.Module):
    """``x + res_scale * conv2(relu(conv1(x)))`` without normalization (Lim et al. 2017, fig. 2c).

    >>> import torch
    >>> network = ResidualBlock(num_features=4)
    >>> network(torch.rand(1, 4, 8, 6)).shape
    torch.Size([1, 4, 8, 6])

    Args:
        num_features: channels.
        res_scale: factor of the residual.
    """

    def __init__(self, num_features: int, res_scale: float = _DEFAULT.res_scale) -> None:
        super().__init__()
        self.res_scale = res_scale
        self.conv1 = nn.Conv2d(num_features, num_features, 3, 1, 1)
        self.conv2 = nn.Conv2d(num_features, num_features, 3, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, C, H, W)`` -> ``(N, C, H, W)``."""
        residual = self.conv2(F.relu(self.conv1(x), inplace=True))
        return torch.add(x, residual, alpha=self.res_scale)
