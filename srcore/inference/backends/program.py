"""A network that a backend computes, in the place of the network."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from srcore.capabilities import capability
from srcore.inference.backends.backend import NetworkBackend, RunProgram
from srcore.inference.memory import memory_per_pixel


class Program(nn.Module):
    """Takes what the network takes and says of itself what the network says.

    Args:
        network: in evaluation mode.
        run: computes it.
        backend: whose that is.
    """

    def __init__(self, network: nn.Module, run: RunProgram, backend: NetworkBackend) -> None:
        super().__init__()
        self.network, self.run, self.backend = network, run, backend
        for name in ("scale", "receptive_radius", "tile_multiple", "in_channels"):
            setattr(self, name, capability("network", network, name))

    @property
    def memory_per_pixel(self) -> float:
        """Bytes for each low-resolution pixel."""
        return self.backend.memory * memory_per_pixel(self.network)

    def forward(self, lr: Tensor) -> Tensor:
        """``(N, C, h, w)`` in [0, 1] -> ``(N, C, scale*h, scale*w)``; one image after the other."""
        images = (lr[number : number + 1] for number in range(len(lr)))
        return torch.cat([self.run(image.contiguous()) for image in images])


def name_of(network: nn.Module) -> str:
    """Class of a network, for messages; of what computes another one, that of the other."""
    inner = getattr(network, "network", network)
    return type(inner if isinstance(inner, nn.Module) else network).__name__
