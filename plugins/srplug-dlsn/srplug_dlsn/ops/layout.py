"""How features lie in memory for the hashed attention of their device."""

from __future__ import annotations

from torch import Tensor

from srplug_dlsn.ops.devices import code_of


def laid_out(features: Tensor) -> Tensor:
    """Features ``(N, F, H, W)``, copied only if they lie otherwise than is best."""
    return features.to(memory_format=code_of(features.device.type).memory_format)
