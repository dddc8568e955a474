"""The network ``minimal_net``."""

import torch.nn.functional as F
from torch import Tensor, nn


class MinimalNet(nn.Module):
    """Bilinear enlargement plus what convolutions on the small image add.

    A network is built with ``scale`` and its options, offers ``scale``, and maps ``(N, 3, h, w)``
    in [0, 1] to ``(N, 3, scale*h, scale*w)`` for any h and w.
    """

    def __init__(self, scale: int, num_features: int, num_layers: int) -> None:
        super().__init__()
        self.scale = scale
        self.first = nn.Conv2d(3, num_features, 3, padding=1)
        self.body = nn.ModuleList(
            nn.Conv2d(num_features, num_features, 3, padding=1) for _ in range(num_layers)
        )
        self.last = nn.Conv2d(num_features, 3 * scale**2, 3, padding=1)

    def forward(self, lr: Tensor) -> Tensor:
        """``(N, 3, h, w)`` -> ``(N, 3, scale*h, scale*w)``."""
        features = F.relu(self.first(lr))
        for layer in self.body:
            features = features + F.relu(layer(features))
        details = F.pixel_shuffle(self.last(features), self.scale)
        return details + F.interpolate(lr, scale_factor=self.scale, mode="bilinear")
