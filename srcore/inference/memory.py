"""How large a tile may be."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from srcore.capabilities import capability
from srcore.inference.beside import beside
from srcore.machine.devices import device_of
from srcore.machine.memory import free_memory_of_processor

#: Tile on the CPU: activations that stay in its caches make it faster than larger ones
#: (``benchmarks/tiling.py``).
_CPU_TILE = 192
_TILES = (1024, 768, 512, 384, 256, 192, 128, 96, 64, 48, 32, 16)
_FALLBACK_TILE = 256

#: Of the free memory, what tiles may take; the rest is for the image, its result and others.
_SHARE = 0.5
#: Maps of the largest kind that are alive together (input, output, skip, workspace).
_MAPS = 4
_PROBE = 32

_bytes_per_pixel: WeakKeyDictionary[nn.Module, float] = WeakKeyDictionary()


def choose_tile(network: nn.Module) -> int:
    """Largest tile that the free memory of the network's device holds; at most 192 on the CPU."""
    device = device_of(network)
    largest = _CPU_TILE if device.type == "cpu" else _TILES[0]
    free = free_memory(device)
    if free is None:
        return min(largest, _FALLBACK_TILE)
    pixels = free * _SHARE / memory_per_pixel(network)
    fitting = [tile for tile in _TILES if tile <= largest and (1.25 * tile) ** 2 <= pixels]
    return fitting[0] if fitting else _TILES[-1]


def memory_per_pixel(network: nn.Module) -> float:
    """Estimated bytes per low-resolution pixel, from the largest maps of a small run."""
    if network not in _bytes_per_pixel:
        _bytes_per_pixel[network] = _probe(network)
    return _bytes_per_pixel[network]


def _probe(network: nn.Module) -> float:
    largest = 0

    def watch(module: nn.Module, inputs: Any, output: Any) -> None:
        nonlocal largest
        tensors = [item for item in (*inputs, output) if isinstance(item, Tensor)]
        largest = max([largest, *(item.numel() * item.element_size() for item in tensors)])

    leaves = [module for module in network.modules() if not any(module.children())]
    handles = [module.register_forward_hook(watch) for module in leaves]
    channels = int(capability("network", network, "in_channels"))
    side = -(-_PROBE // _multiple(network)) * _multiple(network)
    try:
        with torch.inference_mode():
            lr = torch.zeros(1, channels, side, side, device=device_of(network))
            network(lr, **beside(network, lr, seed=0).keywords)
    finally:
        for handle in handles:
            handle.remove()
    return max(1.0, _MAPS * largest / side**2)


def _multiple(network: nn.Module) -> int:
    return int(capability("network", network, "tile_multiple"))


def free_memory(device: torch.device) -> int | None:
    """Bytes that can still be allocated on a device; None where the system does not tell."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return free_memory_of_processor()
