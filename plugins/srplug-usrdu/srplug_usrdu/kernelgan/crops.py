"""Where KernelGAN takes its crops of an image."""

from __future__ import annotations

from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor


class Chooser(Protocol):
    """Draws crops of the image that it was made with."""

    image: Tensor

    def draw(self, generator: torch.Generator) -> Tensor:
        """One crop ``(1, 3, side, side)``."""


class CropChooser:
    """Draws crops of an image, more often where it has edges.

    Args:
        image: ``(1, 3, H, W)``.
        side: of the crops.
    """

    def __init__(self, image: Tensor, side: int) -> None:
        self.image = image
        self.side = side
        gray = image.mean(1, keepdim=True)
        edges = (gray[..., 1:, :-1] - gray[..., :-1, :-1]).abs()
        edges = edges + (gray[..., :-1, 1:] - gray[..., :-1, :-1]).abs()
        # sum of the edges inside the crop at every position
        inside = F.avg_pool2d(F.pad(edges, (0, 1, 0, 1)), side, stride=1)
        self.columns = inside.shape[-1]
        # a flat image has no edges: then all positions are alike
        self.chances = (inside.flatten() + 1e-6).cpu()

    def draw(self, generator: torch.Generator) -> Tensor:
        """One crop ``(1, 3, side, side)``."""
        index = int(torch.multinomial(self.chances, 1, generator=generator))
        top, left = divmod(index, self.columns)
        return self.image[..., top : top + self.side, left : left + self.side]
