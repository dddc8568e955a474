"""Weights of small networks in files, as srcore exports them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import nn

import srcore
from srcore.plugin.manager import plugins
from srcore.weights.saving import GeneratorMetadata, save_safetensors


def write_weights(path: str | Path, network: str, *, scale: int = 2, **options: Any) -> nn.Module:
    """Build a network with the next random numbers, write it, and return it."""
    built: nn.Module = srcore.build("network", network, scale=scale, **options)
    metadata = GeneratorMetadata(network, options, scale)
    save_safetensors(path, built.state_dict(), metadata, registry=plugins().registry)
    return built
