"""Up-sampling by sub-pixel convolution (Shi et al. 2016, arXiv 1609.05158)."""

from __future__ import annotations

from torch import nn


class PixelShuffleUpsampler(nn.Sequential):
    """A convolution and a pixel shuffle per factor 2, or one of each for 3.

    Keys are those of BasicSR, EDSR and SwinIR: convolutions at ``0``, ``2``, ``4``.

    >>> import torch
    >>> network = PixelShuffleUpsampler(scale=4, num_features=4)
    >>> network(torch.rand(1, 4, 8, 6)).shape
    torch.Size([1, 4, 32, 24])

    Args:
        scale: a power of two, or 3.
        num_features: channels of input and output.
    """

    def __init__(self, scale: int, num_features: int) -> None:
        factors = (3,) if scale == 3 else (2,) * (scale.bit_length() - 1)
        layers: list[nn.Module] = []
        for factor in factors:
            layers.append(nn.Conv2d(num_features, factor**2 * num_features, 3, 1, 1))
            layers.append(nn.PixelShuffle(factor))
        super().__init__(*layers)
