"""LPIPS with AlexNet: what papers report. AlexNet's own weights are torchvision's."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from srcore.errors import RandomWeightsWarning
from srcore.metrics.lpips import LPIPSNetwork, Weights
from srcore.weights.containers import read_checkpoint
from srcore.weights.pretrained import fill, torchvision_file

#: torchvision's file of 244 MB; the name ends with the start of its SHA-256.
ALEXNET = "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth"

#: Index in torchvision's ``alexnet().features``, channels in and out, kernel, stride, padding.
_CONVOLUTIONS = (
    (0, 3, 64, 11, 4, 2),
    (3, 64, 192, 5, 1, 2),
    (6, 192, 384, 3, 1, 1),
    (8, 384, 256, 3, 1, 1),
    (10, 256, 256, 3, 1, 1),
)
_POOLED_BEFORE = (3, 6)


class AlexLPIPS(LPIPSNetwork):
    """LPIPS of AlexNet's maps, see :class:`srcore.metrics.lpips.LPIPSNetwork`.

    Images have 31 pixels a side or more.

    Args:
        weights: ``"imagenet"`` (torchvision's file, downloaded once), a file with torchvision's
            names (``features.0.weight``), or ``"random"`` (for tests; always the same).
    """

    shift: Tensor
    scale: Tensor

    def __init__(self, weights: Weights) -> None:
        super().__init__("lpips_alex.npz")
        self.convolutions = nn.ModuleDict(
            {
                str(index): nn.Conv2d(inputs, outputs, size, stride, padding)
                for index, inputs, outputs, size, stride, padding in _CONVOLUTIONS
            }
        )
        # ImageNet's mean and deviation, for images in [-1, 1] as the package rounds them
        self.register_buffer("shift", torch.tensor([-0.030, -0.088, -0.188]).view(1, 3, 1, 1))
        self.register_buffer("scale", torch.tensor([0.458, 0.448, 0.450]).view(1, 3, 1, 1))
        if weights == "random":
            self._randomize()
        else:
            self._load(alexnet_file() if weights == "imagenet" else Path(weights))

    def maps(self, image: Tensor) -> list[Tensor]:
        """The maps of an image."""
        x = (2 * image - 1 - self.shift) / self.scale
        maps: list[Tensor] = []
        for index, *_ in _CONVOLUTIONS:
            if index in _POOLED_BEFORE:
                x = F.max_pool2d(x, 3, 2)
            x = F.relu(self.convolutions[str(index)](x))
            maps.append(x)
        return maps

    def _randomize(self) -> None:
        warnings.warn(
            "LPIPS with random weights: for tests only", RandomWeightsWarning, stacklevel=3
        )
        generator = torch.Generator().manual_seed(0)
        for parameter in self.parameters():
            nn.init.normal_(parameter, 0, 0.05, generator=generator)

    def _load(self, path: Path) -> None:
        state = read_checkpoint(path).state
        tensors = {
            re.sub(r"^.*?(\d+\.(weight|bias))$", r"\1", key): state[key]
            for key in _convolution_keys(state)
        }
        fill(self.convolutions, tensors, f"{path}: AlexNet needs features.")


def _convolution_keys(state: dict[str, Tensor]) -> list[str]:
    """Keys of convolutions; torchvision's classifier counts from 0 again."""
    return [key for key in state if not key.startswith("classifier.")]


def alexnet_file() -> Path:
    """Find torchvision's file in PyTorch's cache; downloaded if it is not there.

    Raises:
        WeightsError: it cannot be had.
    """
    cure = 'name it: weights = "file", file = "{}"'
    return torchvision_file(ALEXNET, "AlexNet's ImageNet weights", cure)
