"""PatchGAN discriminator (pix2pix, Isola et al. 2017, arXiv 1611.07004, appendix 6.1.2)."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.utils import spectral_norm

from srcore.errors import SrcoreError
from srcore.networks.options import PatchDiscriminatorOptions, patch_discriminator_minimum
from srcore.options.declaration import defaults

_DEFAULT = defaults(PatchDiscriminatorOptions)


class PatchDiscriminator(nn.Sequential):
    """Strided 4x4 convolutions; a logit for every overlapping patch.

    ``num_layers`` convolutions of stride 2, one of stride 1, and the one that makes the logits.
    Inner layers are normalized, the first and the last are not; spectral normalization concerns
    the weights of all layers. Convolutions start from N(0, 0.02) with bias 0.

    >>> import torch
    >>> network = PatchDiscriminator(num_layers=2, num_features=4)
    >>> network(torch.rand(1, 3, 32, 32)).shape
    torch.Size([1, 1, 6, 6])

    Args:
        num_layers: convolutions of stride 2; 3 sees patches of 70x70 pixels.
        num_features: channels F of the first layer; 2F, 4F, 8F, 8F, ... follow.
        norm: ``"batch"``, ``"instance"``, ``"spectral"`` or ``"none"``.
        in_channels: channels of the images.
    """

    def __init__(
        self,
        num_layers: int = _DEFAULT.num_layers,
        num_features: int = _DEFAULT.num_features,
        norm: str = _DEFAULT.norm,
        in_channels: int = _DEFAULT.in_channels,
    ) -> None:
        widths = [num_features * min(2**layer, 8) for layer in range(num_layers + 1)]
        layers = [_convolution(in_channels, widths[0], 2, norm), _activation()]
        for layer in range(1, num_layers + 1):
            stride = 2 if layer < num_layers else 1
            inputs, outputs = widths[layer - 1], widths[layer]
            # The mean that a batch normalization removes includes any bias.
            layers.append(_convolution(inputs, outputs, stride, norm, bias=norm != "batch"))
            if norm == "batch":
                layers.append(nn.BatchNorm2d(outputs))
            elif norm == "instance":
                layers.append(nn.InstanceNorm2d(outputs))
            layers.append(_activation())
        layers.append(_convolution(widths[-1], 1, 1, norm))
        super().__init__(*layers)
        self.smallest = patch_discriminator_minimum(num_layers)

    def forward(self, image: Tensor) -> Tensor:
        """``(N, 3, H, W)`` -> logits ``(N, 1, H / 2^num_layers - 2, W / 2^num_layers - 2)``.

        Raises:
            SrcoreError: an image that is too small for a single patch.
        """
        if min(image.shape[-2:]) < self.smallest:
            raise SrcoreError(
                f"patch discriminator: image has shape {tuple(image.shape)}; expected height and "
                f"width >= {self.smallest}; set discriminator.num_layers or "
                "data.train.hr_patch_size"
            )
        x = image
        for layer in self:
            x = layer(x)
        return x


def _convolution(inputs: int, outputs: int, stride: int, norm: str, bias: bool = True) -> nn.Module:
    conv = nn.Conv2d(inputs, outputs, 4, stride, 1, bias=bias)
    nn.init.normal_(conv.weight, 0.0, 0.02)
    if conv.bias is not None:
        nn.init.zeros_(conv.bias)
    return spectral_norm(conv) if norm == "spectral" else conv


def _activation() -> nn.Module:
    return nn.LeakyReLU(0.2, inplace=True)
