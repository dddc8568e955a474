"""RRDBNet, the generator of ESRGAN (Wang et al. 2018, arXiv 1809.00219), Real-ESRGAN and BSRGAN.

Key names are BasicSR's; :mod:`srcore.weights` reads the other ones.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from srcore.errors import SrcoreError
from srcore.networks.initialization import scaled_kaiming_
from srcore.networks.options import RRDBNetOptions, rrdbnet_complaint
from srcore.networks.padding import crop, is_traced, pad_to_multiple
from srcore.options.declaration import defaults

_DEFAULT = defaults(RRDBNetOptions)

_CONVS_PER_BLOCK = 15
#: Up-sampling stages and last convolutions together see 2 pixels of the trunk, whatever the scale.
_TAIL_RADIUS = 2


class ResidualDenseBlock(nn.Module):
    """Five convolutions, each on the input and everything before it: ``x + 0.2 * conv5(...)``.

    >>> import torch
    >>> network = ResidualDenseBlock(num_features=4, growth_channels=2)
    >>> network(torch.rand(1, 4, 8, 6)).shape
    torch.Size([1, 4, 8, 6])

    Args:
        num_features: channels of input and output.
        growth_channels: channels of the four inner convolutions.
    """

    def __init__(
        self,
        num_features: int = _DEFAULT.num_features,
        growth_channels: int = _DEFAULT.growth_channels,
    ) -> None:
        super().__init__()
        channels = [num_features + number * growth_channels for number in range(5)]
        self.conv1 = nn.Conv2d(channels[0], growth_channels, 3, 1, 1)
        self.conv2 = nn.Conv2d(channels[1], growth_channels, 3, 1, 1)
        self.conv3 = nn.Conv2d(channels[2], growth_channels, 3, 1, 1)
        self.conv4 = nn.Conv2d(channels[3], growth_channels, 3, 1, 1)
        self.conv5 = nn.Conv2d(channels[4], num_features, 3, 1, 1)
        scaled_kaiming_((self.conv1, self.conv2, self.conv3, self.conv4, self.conv5))

    def forward(self, x: Tensor) -> Tensor:
        """``(N, F, H, W)`` -> ``(N, F, H, W)``."""
        x1 = _activate(self.conv1(x))
        x2 = _activate(self.conv2(torch.cat((x, x1), 1)))
        x3 = _activate(self.conv3(torch.cat((x, x1, x2), 1)))
        x4 = _activate(self.conv4(torch.cat((x, x1, x2, x3), 1)))
        x5 = self.conv5(torch.cat((x, x1, x2, x3, x4), 1))
        return torch.add(x, x5, alpha=0.2)


def _activate(x: Tensor) -> Tensor:
    # In place: nobody, the backward pass included, needs the convolution's own output. Where a
    # program is recorded that would only be undone, at four times the time.
    return F.leaky_relu(x, 0.2, inplace=not is_traced())


class RRDB(nn.Module):
    """Residual in residual dense block: ``x + 0.2 * rdb3(rdb2(rdb1(x)))``.

    >>> import torch
    >>> network = RRDB(num_features=4, growth_channels=2)
    >>> network(torch.rand(1, 4, 8, 6)).shape
    torch.Size([1, 4, 8, 6])
    """

    def __init__(self, num_features: int, growth_channels: int = _DEFAULT.growth_channels) -> None:
        super().__init__()
        self.rdb1 = ResidualDenseBlock(num_features, growth_channels)
        self.rdb2 = ResidualDenseBlock(num_features, growth_channels)
        self.rdb3 = ResidualDenseBlock(num_features, growth_channels)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, F, H, W)`` -> ``(N, F, H, W)``."""
        return torch.add(x, self.rdb3(self.rdb2(self.rdb1(x))), alpha=0.2)


class RRDBNet(nn.Module):
    """A trunk of RRDBs: ``(N, C, H, W)`` in [0, 1] -> ``(N, C, scale * H, scale * W)``.

    With ``unshuffle`` the network always enlarges four times, and scales 2 and 1 rearrange the
    input to 4 and 16 times as many channels first (Real-ESRGAN); sides that are no multiple of 2 or
    4 are mirrored and the result is cut. Without it there is one enlargement per factor 2 (or one
    by 3).

    >>> import torch
    >>> network = RRDBNet(scale=4, num_features=4, num_blocks=1, growth_channels=2)
    >>> network(torch.rand(1, 3, 8, 6)).shape
    torch.Size([1, 3, 32, 24])

    Args:
        scale: 1, 2 or 4; without ``unshuffle`` 1, 2, 3, 4 or 8.
        num_features: channels F of the trunk.
        num_blocks: number B of RRDBs.
        growth_channels: channels G that each dense convolution adds.
        unshuffle: see above.
        channels: channels of input and output.

    Attributes:
        scale: factor between output and input.
        receptive_radius: low-resolution pixels around an output pixel that it depends on.
        tile_multiple: what tile sides should be a multiple of.

    Raises:
        SrcoreError: a scale that the network cannot have.
    """

    def __init__(
        self,
        scale: int = 4,
        num_features: int = _DEFAULT.num_features,
        num_blocks: int = _DEFAULT.num_blocks,
        growth_channels: int = _DEFAULT.growth_channels,
        unshuffle: bool = _DEFAULT.unshuffle,
        channels: int = _DEFAULT.channels,
    ) -> None:
        super().__init__()
        complaint = rrdbnet_complaint(scale, unshuffle)
        if complaint:
            raise SrcoreError(complaint)
        self.scale = scale
        self.in_channels = channels
        self.tile_multiple = 4 // scale if unshuffle else 1
        self._up_factors = _up_factors(4 if unshuffle else scale)
        trunk_radius = 2 + _CONVS_PER_BLOCK * num_blocks + _TAIL_RADIUS
        self.receptive_radius = trunk_radius * self.tile_multiple + self.tile_multiple - 1

        self.conv_first = nn.Conv2d(channels * self.tile_multiple**2, num_features, 3, 1, 1)
        self.body = nn.Sequential(*(RRDB(num_features, growth_channels) for _ in range(num_blocks)))
        self.conv_body = nn.Conv2d(num_features, num_features, 3, 1, 1)
        for stage in range(1, len(self._up_factors) + 1):
            setattr(self, f"conv_up{stage}", nn.Conv2d(num_features, num_features, 3, 1, 1))
        self.conv_hr = nn.Conv2d(num_features, num_features, 3, 1, 1)
        self.conv_last = nn.Conv2d(num_features, channels, 3, 1, 1)

    def checkpointed(self) -> Iterator[nn.Module]:
        """The blocks."""
        yield from self.body.children()

    def forward(self, lr: Tensor) -> Tensor:
        """``(N, C, h, w)`` in [0, 1] -> ``(N, C, scale*h, scale*w)``, not clamped."""
        height, width = lr.shape[-2:]
        x = lr
        if self.tile_multiple > 1:
            x = F.pixel_unshuffle(pad_to_multiple(lr, self.tile_multiple), self.tile_multiple)
        x = self.conv_first(x)
        x = x + self.conv_body(self.body(x))
        for stage, factor in enumerate(self._up_factors, start=1):
            conv = self.get_submodule(f"conv_up{stage}")
            x = F.interpolate(x, scale_factor=factor, mode="nearest")
            x = _activate(conv(x))
        sr: Tensor = self.conv_last(_activate(self.conv_hr(x)))
        if self.tile_multiple == 1:
            return sr
        return crop(sr, self.scale * height, self.scale * width)


def _up_factors(scale: int) -> tuple[int, ...]:
    return (3,) if scale == 3 else (2,) * (scale.bit_length() - 1)
