"""Images as libraries of codecs take them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

RgbArray = NDArray[np.uint8]


def each(image: Tensor, change: Callable[[int, RgbArray], RgbArray]) -> Tensor:
    """Change images one by one, as arrays ``(H, W, 3)`` uint8.

    Args:
        image: ``(N, 3, H, W)`` in [0, 1], on any device.
        change: (number, image) -> image of the same size.
    """
    levels: Any = (image * 255).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
    changed = [change(number, np.ascontiguousarray(array)) for number, array in enumerate(levels)]
    stacked = torch.from_numpy(np.stack(changed)).permute(0, 3, 1, 2)
    return stacked.to(image.device, image.dtype) / 255
