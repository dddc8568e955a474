"""The network that degrades."""

import torch.nn.functional as F
from torch import nn


class Shrink(nn.Module):
    """``(N, 3, scale*h, scale*w)`` -> ``(N, 3, h, w)``."""

    def __init__(self, scale, num_features):
        super().__init__()
        self.scale = scale
        self.first = nn.Conv2d(3, num_features, 2 * scale + 1, stride=scale, padding=scale)
        self.last = nn.Conv2d(num_features, 3, 3, padding=1)

    def forward(self, hr):
        return F.avg_pool2d(hr, self.scale, ceil_mode=True) + self.last(F.relu(self.first(hr)))
