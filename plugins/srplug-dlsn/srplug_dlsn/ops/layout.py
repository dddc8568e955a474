"""How features lie in memory for the hashed attention of their device."""

from __future__ import annotations

import torch
from torch import Tensor

#: By device; as they are on all others.
_FAVORED = {
    # Rows per pixel are what the attention reads; convolutions are quicker this way, too.
    "cpu": torch.channels_last
}


def laid_out(features: Tensor) -> Tensor:
    """Features ``(N, F, H, W)``, copied only if they lie otherwise than is best."""
    wanted = _FAVORED.get(features.device.type, torch.preserve_format)
    return features.to(memory_format=wanted)
