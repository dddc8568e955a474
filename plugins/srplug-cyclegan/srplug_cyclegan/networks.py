"""A network that degrades."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from srcore.networks.padding import pad_to_multiple
from srcore.networks.residual_block import ResidualBlock
from srcore.options.declaration import defaults
from srplug_cyclegan.options import DegradationNetworkOptions

_DEFAULT = defaults(DegradationNetworkOptions)


class DegradationNetwork(nn.Module):
    """High-resolution images -> degraded low-resolution ones: F of CycleGAN, for two resolutions.

    ``mean_s(y) + conv(blocks(conv(unshuffle_s(y))))``: the mean of s x s pixels is where training
    begins, since published translation networks begin and end at one size. All convolutions work at
    low resolution, on s x s pixels as channels.

        [method]
        type = "cyclegan"
        [networks.degradation]
        type = "cyclegan_degradation"

    Args:
        scale: s.
        num_features: channels.
        num_blocks: residual blocks.

    Attributes:
        scale: factor between the sides of input and output.

    >>> import torch
    >>> network = DegradationNetwork(scale=4, num_features=4, num_blocks=1)
    >>> network(torch.rand(1, 3, 32, 22)).shape
    torch.Size([1, 3, 8, 6])
    """

    def __init__(
        self,
        scale: int,
        num_features: int = _DEFAULT.num_features,
        num_blocks: int = _DEFAULT.num_blocks,
    ) -> None:
        super().__init__()
        self.scale = scale
        self.conv_first = nn.Conv2d(3 * scale**2, num_features, 3, 1, 1)
        self.body = nn.Sequential(*(ResidualBlock(num_features) for _ in range(num_blocks)))
        self.conv_last = nn.Conv2d(num_features, 3, 3, 1, 1)

    def forward(self, hr: Tensor) -> Tensor:
        """Degrade ``hr`` ``(N, 3, H, W)`` in [0, 1]; sides are rounded up, nothing is clamped."""
        whole = pad_to_multiple(hr, self.scale)
        features = self.conv_first(F.pixel_unshuffle(whole, self.scale))
        change: Tensor = self.conv_last(self.body(features))
        return F.avg_pool2d(whole, self.scale) + change
