"""Image arrays ``(H, W, C)`` <-> tensors ``(C, H, W)`` in [0, 1]."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import DTypeLike, NDArray
from torch import Tensor


def to_tensor(image: NDArray[Any], device: torch.device | str = "cpu") -> Tensor:
    """uint8, uint16 or floats ``(H, W, C)`` -> float32 ``(C, H, W)`` in [0, 1].

    The conversion happens on ``device``, so that integers are what travels there.
    """
    return to_float(torch.from_numpy(np.ascontiguousarray(image))[None].to(device))[0]


def to_float(images: Tensor) -> Tensor:
    """uint8 or uint16 ``(N, H, W, C)`` -> float32 ``(N, C, H, W)`` in [0, 1], contiguous.

    Floats are in [0, 1] already.
    """
    numbers = images.permute(0, 3, 1, 2).to(torch.float32).contiguous()
    return numbers if images.is_floating_point() else numbers.div_(torch.iinfo(images.dtype).max)


def to_image(tensor: Tensor, dtype: DTypeLike = np.uint8) -> NDArray[Any]:
    """Float ``(C, H, W)`` -> ``(H, W, C)``: clamp to [0, 1], scale, round half to even.

    Args:
        tensor: any float type on any device; rounding happens in float32 as the field does it.
        dtype: ``np.uint8`` (times 255) or ``np.uint16`` (times 65535); of floats, which are not
            rounded.
    """
    levels = tensor.detach().to(torch.float32).clamp(0, 1)
    if not np.issubdtype(np.dtype(dtype), np.floating):
        levels = levels.mul(float(np.iinfo(np.dtype(dtype)).max)).round()
    image: NDArray[Any] = levels.permute(1, 2, 0).cpu().numpy().astype(dtype)
    return np.ascontiguousarray(image)
