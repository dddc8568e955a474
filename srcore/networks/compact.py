"""SRVGGNetCompact: the small plain network of Real-ESRGAN (Wang et al. 2021, arXiv 2107.10833)."""

from __future__ import annotations

import itertools

import torch.nn.functional as F
from torch import Tensor, nn

from srcore.networks.options import CompactOptions
from srcore.options.declaration import defaults

_DEFAULT = defaults(CompactOptions)


class Compact(nn.Module):
    """Convolutions at low resolution whose last one makes all pixels of the enlargement.

    ``shuffle(conv(... act(conv(lr)))) + nearest(lr)``: what is learned is added to an enlargement
    by repetition. There is no other skip connection and no normalization, so it runs anywhere.

    >>> import torch
    >>> network = Compact(scale=2, num_features=4, num_convs=1)
    >>> network(torch.rand(1, 3, 8, 6)).shape
    torch.Size([1, 3, 16, 12])

    Args:
        scale: factor between output and input, from 1 on.
        num_features: channels between the convolutions.
        num_convs: convolutions between the first and the last; 16 in realesr-animevideov3, 32 in
            realesr-general-x4v3.
        activation: ``"prelu"`` (one slope per channel), ``"relu"`` or ``"leakyrelu"`` (slope 0.1).
        channels: channels of input and output.

    Attributes:
        scale: factor between output and input.
        receptive_radius: low-resolution pixels around an output pixel that it depends on.
    """

    def __init__(
        self,
        scale: int = 4,
        num_features: int = _DEFAULT.num_features,
        num_convs: int = _DEFAULT.num_convs,
        activation: str = _DEFAULT.activation,
        channels: int = _DEFAULT.channels,
    ) -> None:
        super().__init__()
        self.scale = scale
        self.receptive_radius = num_convs + 2
        self.in_channels = channels
        widths = [channels, *[num_features] * (num_convs + 1)]
        self.body = nn.ModuleList()  # one list, as its weights are published
        for narrow, wide in itertools.pairwise(widths):
            self.body.append(nn.Conv2d(narrow, wide, 3, 1, 1))
            self.body.append(_activation(activation, wide))
        self.body.append(nn.Conv2d(num_features, channels * scale**2, 3, 1, 1))

    def forward(self, lr: Tensor) -> Tensor:
        """``(N, C, h, w)`` in [0, 1] -> ``(N, C, scale*h, scale*w)``, not clamped."""
        x = lr
        for layer in self.body:
            x = layer(x)
        added: Tensor = F.pixel_shuffle(x, self.scale)
        return added + F.interpolate(lr, scale_factor=self.scale, mode="nearest")


def _activation(name: str, features: int) -> nn.Module:
    if name == "prelu":
        return nn.PReLU(features)
    return nn.ReLU(inplace=True) if name == "relu" else nn.LeakyReLU(0.1, inplace=True)
