"""How large a tile may be."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from srcore.capabilities import capability
from srcore.inference.beside import beside
from srcore.machine.devices import device_of
from srcore.machine.memory import free_memory_of_processor

#: Tile on the CPU: activations that stay in its caches make it faster than larger ones
#: (``benchmarks/tiling.py``), unless context that is thrown away costs more than that.
_CPU_TILE = 192
_CHEAP_CONTEXT = 1.3
_TILES = (1024, 768, 512, 384, 256, 192, 128, 96, 64, 48, 32, 16)
_FALLBACK_TILE = 256

#: Of the free memory, what tiles may take; the rest is for the image, its result and others.
_SHARE = 0.5
#: Maps of the largest kind that are alive together (input, output, skip, workspace).
_MAPS = 4
_PROBE = 32

_bytes_per_pixel: WeakKeyDictionary[nn.Module, float] = WeakKeyDictionary()


def choose_tile(
    network: nn.Module, size: tuple[int, int], overlap_for: Callable[[int], int]
) -> int:
    """Side of the tiles of an image.

    On a GPU the largest that the free memory holds. On the CPU 192, or where the context around
    such tiles would cost more than it saves, the whole image, else the largest that fits.

    Args:
        network: on its device.
        size: height and width of the image in low-resolution pixels.
        overlap_for: tile side -> context on either side of a seam.
    """
    device = device_of(network)
    free = memory_for_tiles(device)
    pixels = math.inf if free is None else free / memory_per_pixel(network)
    limit = _FALLBACK_TILE if free is None else _TILES[0]

    def largest(limit: int, context: Callable[[int], float]) -> int:
        fitting = (
            tile for tile in _TILES if tile <= limit and (tile + 2 * context(tile)) ** 2 <= pixels
        )
        return next(fitting, _TILES[-1])

    if device.type != "cpu":
        return largest(limit, _usual_context)
    small = largest(_CPU_TILE, _usual_context)
    if max(size) <= small or read_per_kept(small, overlap_for(small)) <= _CHEAP_CONTEXT:
        return small
    if free is not None and math.prod(size) <= pixels:
        return max(size)
    return largest(limit, overlap_for)


def holds_whole(network: nn.Module, size: tuple[int, int]) -> bool:
    """Whether the free memory holds what is computed of an image at once, as far as one knows.

    Args:
        network: on its device.
        size: height and width of the image in low-resolution pixels.
    """
    free = free_memory(device_of(network))
    return free is None or math.prod(size) * memory_per_pixel(network) <= free


def _usual_context(tile: int) -> float:
    return tile / 8


def read_per_kept(tile: int, overlap: int) -> float:
    """How many pixels a network reads for each that a tile contributes."""
    return ((tile + 2 * overlap) / tile) ** 2


def memory_per_pixel(network: nn.Module) -> float:
    """Bytes per low-resolution pixel, declared or by the largest maps of a small run."""
    declared = capability("network", network, "memory_per_pixel")
    if declared is not None:
        return float(declared)
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


def memory_for_tiles(device: torch.device) -> float | None:
    """Bytes that what is computed of an image may take; None where the system does not tell."""
    free = free_memory(device)
    return None if free is None else free * _SHARE


def free_memory(device: torch.device) -> int | None:
    """Bytes that can still be allocated on a device; None where the system does not tell."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return free_memory_of_processor()
