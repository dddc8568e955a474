"""MSRResNet: SRResNet (Ledig et al. 2017, arXiv 1609.04802) as ESRGAN and BasicSR modified it."""

from __future__ import annotations

from collections.abc import Iterator

import torch.nn.functional as F
from torch import Tensor, nn

from srcore.errors import SrcoreError
from srcore.networks.initialization import scaled_kaiming_
from srcore.networks.options import MSRRESNET_SCALES, MSRResNetOptions, scale_complaint
from srcore.networks.residual_block import ResidualBlock
from srcore.options.declaration import defaults

_DEFAULT = defaults(MSRResNetOptions)

#: The up-sampler and the last convolutions see 2 low-resolution pixels, whatever the scale.
_TAIL_RADIUS = 2


class MSRResNet(nn.Module):
    """Residual blocks without normalization that refine a bilinear enlargement.

    >>> import torch
    >>> network = MSRResNet(scale=2, num_features=4, num_blocks=1)
    >>> network(torch.rand(1, 3, 8, 6)).shape
    torch.Size([1, 3, 16, 12])

    Args:
        scale: 2, 3 or 4.
        num_features: channels of the trunk.
        num_blocks: number of residual blocks.
        channels: channels of input and output.

    Attributes:
        scale: factor between output and input.
        receptive_radius: low-resolution pixels around an output pixel that it depends on.

    Raises:
        SrcoreError: a scale that the network cannot have.
    """

    def __init__(
        self,
        scale: int = 4,
        num_features: int = _DEFAULT.num_features,
        num_blocks: int = _DEFAULT.num_blocks,
        channels: int = _DEFAULT.channels,
    ) -> None:
        super().__init__()
        complaint = scale_complaint("msrresnet", scale, MSRRESNET_SCALES)
        if complaint:
            raise SrcoreError(complaint)
        self.scale = scale
        self.in_channels = channels
        self.receptive_radius = 1 + 2 * num_blocks + _TAIL_RADIUS
        self._factors = (2, 2) if scale == 4 else (scale,)

        self.conv_first = nn.Conv2d(channels, num_features, 3, 1, 1)
        self.body = nn.Sequential(*(ResidualBlock(num_features) for _ in range(num_blocks)))
        for stage, factor in enumerate(self._factors, start=1):
            shuffled = factor**2 * num_features
            setattr(self, f"upconv{stage}", nn.Conv2d(num_features, shuffled, 3, 1, 1))
        self.conv_hr = nn.Conv2d(num_features, num_features, 3, 1, 1)
        self.conv_last = nn.Conv2d(num_features, channels, 3, 1, 1)
        scaled_kaiming_(layer for layer in self.modules() if isinstance(layer, nn.Conv2d))

    def checkpointed(self) -> Iterator[nn.Module]:
        """The blocks."""
        yield from self.body.children()

    def forward(self, lr: Tensor) -> Tensor:
        """``(N, C, h, w)`` in [0, 1] -> ``(N, C, scale*h, scale*w)``, not clamped."""
        x = self.body(F.leaky_relu(self.conv_first(lr), 0.1, inplace=True))
        for stage, factor in enumerate(self._factors, start=1):
            x = F.pixel_shuffle(self.get_submodule(f"upconv{stage}")(x), factor)
            x = F.leaky_relu(x, 0.1, inplace=True)
        residual: Tensor = self.conv_last(F.leaky_relu(self.conv_hr(x), 0.1, inplace=True))
        base = F.interpolate(lr, scale_factor=self.scale, mode="bilinear", align_corners=False)
        return residual + base
