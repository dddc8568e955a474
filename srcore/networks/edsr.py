"""EDSR (Lim et al. 2017, arXiv 1707.02921) with BasicSR's key names and image range."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from srcore.capabilities import RGB
from srcore.errors import SrcoreError
from srcore.networks.options import DIV2K_MEAN, EDSR_SCALES, EDSROptions, scale_complaint
from srcore.networks.pixel_shuffle import PixelShuffleUpsampler
from srcore.networks.residual_block import ResidualBlock
from srcore.options.declaration import defaults

_DEFAULT = defaults(EDSROptions)

#: The up-sampler and the last convolution see 2 low-resolution pixels, whatever the scale.
_TAIL_RADIUS = 2


class EDSR(nn.Module):
    """Enhanced deep residual network.

    The mean color is removed and images are multiplied by ``img_range`` inside, so that the same
    weights serve as in EDSR-PyTorch, which works on 0..255. PyTorch's initial weights, as there.

    >>> import torch
    >>> network = EDSR(scale=2, num_features=4, num_blocks=1)
    >>> network(torch.rand(1, 3, 8, 6)).shape
    torch.Size([1, 3, 16, 12])

    Args:
        scale: 1, 2, 3, 4 or 8.
        num_features: channels of the trunk.
        num_blocks: number of residual blocks.
        res_scale: factor of every residual.
        img_range: what images in [0, 1] are multiplied by.
        rgb_mean: mean color in [0, 1] of RGB images; others have none removed.
        channels: channels of input and output.

    Attributes:
        scale: factor between output and input.
        receptive_radius: low-resolution pixels around an output pixel that it depends on.

    Raises:
        SrcoreError: a scale that the network cannot have.
    """

    mean: Tensor

    def __init__(
        self,
        scale: int = 4,
        num_features: int = _DEFAULT.num_features,
        num_blocks: int = _DEFAULT.num_blocks,
        res_scale: float = _DEFAULT.res_scale,
        img_range: float = _DEFAULT.img_range,
        rgb_mean: tuple[float, float, float] = DIV2K_MEAN,
        channels: int = _DEFAULT.channels,
    ) -> None:
        super().__init__()
        complaint = scale_complaint("edsr", scale, EDSR_SCALES)
        if complaint:
            raise SrcoreError(complaint)
        self.scale = scale
        self.receptive_radius = 2 + 2 * num_blocks + _TAIL_RADIUS
        self.img_range = img_range
        self.in_channels = channels
        mean = torch.tensor(rgb_mean if channels == RGB else (0.0,) * channels)
        self.register_buffer("mean", mean.view(1, channels, 1, 1), persistent=False)

        self.conv_first = nn.Conv2d(channels, num_features, 3, 1, 1)
        self.body = nn.Sequential(
            *(ResidualBlock(num_features, res_scale) for _ in range(num_blocks))
        )
        self.conv_after_body = nn.Conv2d(num_features, num_features, 3, 1, 1)
        self.upsample = PixelShuffleUpsampler(scale, num_features)
        self.conv_last = nn.Conv2d(num_features, channels, 3, 1, 1)

    def checkpointed(self) -> Iterator[nn.Module]:
        """The blocks."""
        yield from self.body.children()

    def forward(self, lr: Tensor) -> Tensor:
        """``(N, C, h, w)`` in [0, 1] -> ``(N, C, scale*h, scale*w)``, not clamped."""
        x = self.conv_first((lr - self.mean) * self.img_range)
        x = x + self.conv_after_body(self.body(x))
        sr: Tensor = self.conv_last(self.upsample(x))
        return sr / self.img_range + self.mean
