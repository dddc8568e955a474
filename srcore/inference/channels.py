"""Gray, alpha and 16-bit arrays <-> the RGB tensors that networks take."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from srcore.capabilities import RGB, RGBA, capability
from srcore.images import to_gray, to_rgba, to_tensor


def shown_to(network: nn.Module, image: NDArray[Any]) -> NDArray[Any]:
    """The image ``(H, W, C)`` as a network can enlarge it: without colors for gray ones."""
    if capability("network", network, "in_channels") != 1 or image.shape[-1] < RGB:
        return image
    return np.concatenate([to_gray(image[..., :RGB]), image[..., RGB:]], axis=-1)


def has_flat_alpha(image: NDArray[Any]) -> bool:
    """Whether no network needs to see the alpha channel ``(H, W, C)``, if there is one."""
    return image.shape[-1] not in (2, 4) or bool((image[..., -1] == image[0, 0, -1]).all())


def split_channels(
    window: NDArray[Any], device: torch.device, seen: int = RGB, *, flat_alpha: bool | None = None
) -> Tensor:
    """``(h, w, C)`` -> ``(K, seen, h, w)`` in [0, 1]: the colors, then alpha where it varies.

    Gray and alpha are repeated to the channels that the network sees; a network of four sees
    colors and alpha at once. An alpha channel that is the same everywhere needs no network and is
    left out; whether it is may be known of the whole image.
    """
    if seen == RGBA:
        return to_tensor(to_rgba(window), device)[None]
    tensor = to_tensor(window, device)
    channels = tensor.shape[0]
    colors = tensor[: 3 if channels >= 3 else 1].expand(seen, -1, -1)
    if has_flat_alpha(window) if flat_alpha is None else flat_alpha:
        return colors[None]
    return torch.stack([colors, tensor[-1:].expand(seen, -1, -1)])


def join_channels(outputs: Tensor, window: NDArray[Any]) -> Tensor:
    """Outputs for parts of :func:`split_channels` -> ``(C, H, W)`` of the window; gray is luma."""
    channels = window.shape[-1]
    if outputs.shape[1] == RGBA:
        colors = outputs[0, :RGB] if channels >= RGB else _luma_of_tensor(outputs[0, :RGB])
        return colors if channels in (1, RGB) else torch.cat([colors, outputs[0, RGB:]])
    colors = outputs[0] if channels >= 3 else _luma_of_tensor(outputs[0])
    if channels in (1, 3):
        return colors
    if len(outputs) == 2:
        alpha = _luma_of_tensor(outputs[1])
    else:
        value = to_tensor(window[:1, :1, -1:])[0, 0, 0]
        alpha = colors.new_full((1, *colors.shape[1:]), float(value))
    return torch.cat([colors, alpha])


def _luma_of_tensor(colors: Tensor) -> Tensor:
    """``(3, H, W)`` -> ``(1, H, W)``: BT.601, as the published programs make gray and alpha."""
    if len(colors) == 1:
        return colors
    weights = colors.new_tensor([0.299, 0.587, 0.114])
    return (colors * weights[:, None, None]).sum(0, keepdim=True)
