"""Gray, alpha and 16-bit arrays <-> the RGB tensors that networks take."""

from __future__ import annotations

from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from srcore.images import to_tensor


def split(window: NDArray[Any], device: torch.device) -> Tensor:
    """``(h, w, C)`` -> ``(K, 3, h, w)`` in [0, 1]: the colours, then alpha where it varies.

    Gray and alpha are repeated to three channels. An alpha channel that is the same everywhere
    needs no network and is left out.
    """
    tensor = to_tensor(window, device)
    channels = tensor.shape[0]
    colours = tensor[: 3 if channels >= 3 else 1].expand(3, -1, -1)
    if channels in (1, 3) or _is_flat(tensor[-1]):
        return colours[None]
    return torch.stack([colours, tensor[-1:].expand(3, -1, -1)])


def join(outputs: Tensor, window: NDArray[Any]) -> Tensor:
    """Outputs ``(K, 3, H, W)`` for the parts of :func:`split` -> ``(C, H, W)``; gray is luma."""
    channels = window.shape[-1]
    colours = outputs[0] if channels >= 3 else _luma(outputs[0])
    if channels in (1, 3):
        return colours
    if len(outputs) == 2:
        alpha = _luma(outputs[1])
    else:
        value = to_tensor(window[:1, :1, -1:])[0, 0, 0]
        alpha = colours.new_full((1, *colours.shape[1:]), float(value))
    return torch.cat([colours, alpha])


def _luma(colours: Tensor) -> Tensor:
    """``(3, H, W)`` -> ``(1, H, W)``: BT.601, as the published programs make gray and alpha."""
    weights = colours.new_tensor([0.299, 0.587, 0.114])
    return (colours * weights[:, None, None]).sum(0, keepdim=True)


def _is_flat(plane: Tensor) -> bool:
    return bool((plane == plane[0, 0]).all())
