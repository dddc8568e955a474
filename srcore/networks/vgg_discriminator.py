"""VGG-style discriminator (SRGAN, ESRGAN) with BasicSR's key names."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from srcore.errors import SrcoreError
from srcore.networks.options import VGGDiscriminatorOptions
from srcore.options.declaration import defaults

_DEFAULT = defaults(VGGDiscriminatorOptions)

_STAGES = {128: 5, 192: 5, 256: 6}
_HIDDEN = 100


class VGGDiscriminator(nn.Module):
    """Pairs of a 3x3 and a strided 4x4 convolution with batch normalization, then a linear head.

    Images of one size only. The 256 variant published with synchronized batch normalization has
    the plain one here, with the same keys; distributed training can convert it.

    >>> import torch
    >>> network = VGGDiscriminator(input_size=128, num_features=2)
    >>> network(torch.rand(2, 3, 128, 128)).shape
    torch.Size([2, 1])

    Args:
        input_size: side of the images: 128, 192 or 256.
        num_features: channels F of the first stage; F, 2F, 4F, 8F, 8F, ... follow.
        in_channels: channels of the images.

    Raises:
        SrcoreError: another input size, at construction or in an image.
    """

    def __init__(
        self,
        input_size: int = _DEFAULT.input_size,
        num_features: int = _DEFAULT.num_features,
        in_channels: int = _DEFAULT.in_channels,
    ) -> None:
        super().__init__()
        if input_size not in _STAGES:
            sizes = ", ".join(map(str, _STAGES))
            raise SrcoreError(
                f"vgg discriminator: input_size {input_size}; expected one of {sizes}"
            )
        self.input_size = input_size
        self.stages = _STAGES[input_size]
        inputs = in_channels
        for stage in range(self.stages):
            channels = num_features * min(2**stage, 8)
            first = stage == 0
            self.add_module(f"conv{stage}_0", nn.Conv2d(inputs, channels, 3, 1, 1, bias=first))
            if not first:
                self.add_module(f"bn{stage}_0", nn.BatchNorm2d(channels))
            self.add_module(f"conv{stage}_1", nn.Conv2d(channels, channels, 4, 2, 1, bias=False))
            self.add_module(f"bn{stage}_1", nn.BatchNorm2d(channels))
            inputs = channels
        side = input_size >> self.stages
        self.linear1 = nn.Linear(inputs * side * side, _HIDDEN)
        self.linear2 = nn.Linear(_HIDDEN, 1)

    def forward(self, image: Tensor) -> Tensor:
        """``(N, 3, input_size, input_size)`` -> logits ``(N, 1)``."""
        size = self.input_size
        if image.shape[-2:] != (size, size):
            raise SrcoreError(
                f"vgg discriminator: image has shape {tuple(image.shape)}; expected "
                f"(N, C, {size}, {size}); set discriminator.input_size or "
                "data.train.hr_patch_size"
            )
        x = image
        for stage in range(self.stages):
            for half in range(2):
                x = self.get_submodule(f"conv{stage}_{half}")(x)
                if stage or half:
                    x = self.get_submodule(f"bn{stage}_{half}")(x)
                x = F.leaky_relu(x, 0.2, inplace=True)
        x = F.leaky_relu(self.linear1(x.flatten(1)), 0.2, inplace=True)
        logits: Tensor = self.linear2(x)
        return logits
