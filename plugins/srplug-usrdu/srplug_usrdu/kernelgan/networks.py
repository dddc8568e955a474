"""The two networks of KernelGAN."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import spectral_norm

from srcore.options.declaration import defaults
from srplug_usrdu.options import DownsamplerOptions

_DEFAULT = defaults(DownsamplerOptions)

_KERNEL_SIZES = (7, 5, 3, 1, 1, 1)
#: Side of the implied kernel.
KERNEL_SIZE = 1 + sum(size - 1 for size in _KERNEL_SIZES)
#: Side of the crops that the generator sees, and of what it makes of them.
CROP = 64
PATCH = (CROP - KERNEL_SIZE) // 2 + 1


class LinearDownscaler(nn.Module):
    """Convolutions 7, 5, 3, 1, 1, 1 without bias or activation on single channels; halves."""

    def __init__(self, num_features: int = _DEFAULT.num_features) -> None:
        super().__init__()
        last = len(_KERNEL_SIZES) - 1
        self.layers = nn.Sequential(
            *(
                nn.Conv2d(
                    1 if index == 0 else num_features,
                    1 if index == last else num_features,
                    size,
                    stride=2 if index == last else 1,
                    bias=False,
                )
                for index, size in enumerate(_KERNEL_SIZES)
            )
        )

    def forward(self, image: Tensor) -> Tensor:
        """``(N, C, H, W)`` -> ``(N, C, (H - 13) // 2 + 1, ...)``, channel by channel."""
        count, channels = image.shape[:2]
        low: Tensor = self.layers(image.flatten(0, 1)[:, None])
        return low.reshape(count, channels, *low.shape[-2:])

    def kernel(self) -> Tensor:
        """The convolutions multiplied out, ``(13, 13)``, with graph; a correlation kernel."""
        # the response to an impulse is the kernel turned by half a circle
        side = 2 * KERNEL_SIZE - 1
        response = next(self.parameters()).new_zeros(1, 1, side, side)
        response[..., KERNEL_SIZE - 1, KERNEL_SIZE - 1] = 1
        for weight in self.parameters():
            response = F.conv2d(response, weight)
        return response[0, 0].flip(0, 1)


class PatchJudge(nn.Module):
    """A 7x7 convolution and pointwise layers: for every pixel, how real its surroundings look."""

    def __init__(self, num_features: int = _DEFAULT.num_features, num_blocks: int = 5) -> None:
        super().__init__()
        layers: list[nn.Module] = [spectral_norm(nn.Conv2d(3, num_features, 7))]
        for _ in range(num_blocks):
            layers += [
                spectral_norm(nn.Conv2d(num_features, num_features, 1)),
                nn.BatchNorm2d(num_features),
                nn.ReLU(),
            ]
        layers += [spectral_norm(nn.Conv2d(num_features, 1, 1)), nn.Sigmoid()]
        self.layers = nn.Sequential(*layers)

    def forward(self, image: Tensor) -> Tensor:
        """``(N, 3, H, W)`` -> ``(N, 1, H - 6, W - 6)`` in (0, 1)."""
        scores: Tensor = self.layers(image)
        return scores
