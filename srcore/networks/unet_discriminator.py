"""U-Net discriminator with spectral normalization (Real-ESRGAN, Wang et al. 2021, 2107.10833)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import spectral_norm

from srcore.errors import SrcoreError
from srcore.networks.options import UNET_MULTIPLE, UNetDiscriminatorOptions
from srcore.options.declaration import defaults

_DEFAULT = defaults(UNetDiscriminatorOptions)


class UNetDiscriminator(nn.Module):
    """Three halvings and three bilinear doublings; a logit for every pixel.

    Spectral normalization is PyTorch's hook form (``torch.nn.utils.spectral_norm``): its keys
    ``weight_orig``, ``weight_u``, ``weight_v`` are those of published files, and its power
    iteration, one per forward pass in training mode, updates v before u as they did. The newer
    parametrization does neither.

    >>> import torch
    >>> network = UNetDiscriminator(num_features=4)
    >>> network(torch.rand(1, 3, 16, 24)).shape
    torch.Size([1, 1, 16, 24])

    Args:
        num_features: channels F at full resolution; 2F, 4F, 8F below.
        skip_connection: add the encoder's features on the way up, after the activation.
        in_channels: channels of the images.
    """

    def __init__(
        self,
        num_features: int = _DEFAULT.num_features,
        skip_connection: bool = _DEFAULT.skip_connection,
        in_channels: int = _DEFAULT.in_channels,
    ) -> None:
        super().__init__()
        self.skip_connection = skip_connection
        width = num_features
        self.conv0 = nn.Conv2d(in_channels, width, 3, 1, 1)
        self.conv1 = _halving(width, 2 * width)
        self.conv2 = _halving(2 * width, 4 * width)
        self.conv3 = _halving(4 * width, 8 * width)
        self.conv4 = _convolution(8 * width, 4 * width)
        self.conv5 = _convolution(4 * width, 2 * width)
        self.conv6 = _convolution(2 * width, width)
        self.conv7 = _convolution(width, width)
        self.conv8 = _convolution(width, width)
        self.conv9 = nn.Conv2d(width, 1, 3, 1, 1)

    def forward(self, image: Tensor) -> Tensor:
        """``(N, 3, H, W)`` with sides that are multiples of 8 -> logits ``(N, 1, H, W)``.

        Raises:
            SrcoreError: other sides.
        """
        if image.shape[-2] % UNET_MULTIPLE or image.shape[-1] % UNET_MULTIPLE:
            raise SrcoreError(
                f"unet discriminator: image has shape {tuple(image.shape)}; expected height and "
                f"width to be multiples of {UNET_MULTIPLE}; set data.train.hr_patch_size"
            )
        x0 = _activate(self.conv0(image))
        x1 = _activate(self.conv1(x0))
        x2 = _activate(self.conv2(x1))
        x3 = _activate(self.conv3(x2))
        x = self._ascend(x3, self.conv4, x2)
        x = self._ascend(x, self.conv5, x1)
        x = self._ascend(x, self.conv6, x0)
        x = _activate(self.conv8(_activate(self.conv7(x))))
        logits: Tensor = self.conv9(x)
        return logits

    def _ascend(self, x: Tensor, conv: nn.Module, skip: Tensor) -> Tensor:
        x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        x = _activate(conv(x))
        return x + skip if self.skip_connection else x


def _halving(inputs: int, outputs: int) -> nn.Conv2d:
    return spectral_norm(nn.Conv2d(inputs, outputs, 4, 2, 1, bias=False))


def _convolution(inputs: int, outputs: int) -> nn.Conv2d:
    return spectral_norm(nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False))


def _activate(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.2, inplace=True)
