"""Running a DSN over whole images in tiles, and writing what it says."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from srplug_usrdu.networks import Downsampler, LrDistribution


@torch.no_grad()
def distribution_of(
    network: Downsampler, hr: Tensor, *, tile: int, scale_map: bool
) -> LrDistribution:
    """Mean and, if asked for, log-scale of an image, in tiles equal to the whole up to rounding.

    Tiles begin at multiples of the scale, so that strides fall as in the whole image, and read as
    much around them as the network sees.

    Args:
        network: in evaluation mode.
        hr: ``(1, 3, H, W)`` with sides that are multiples of the scale.
        tile: side in high-resolution pixels, rounded up to a multiple of the scale; 0: one tile.
        scale_map: also the log-scale.
    """
    heads = "scale" if scale_map and network.var is not None else "mean"
    scale = network.scale
    height, width = hr.shape[-2:]
    side = _round_up(tile, scale) or _round_up(max(height, width), scale)
    reach = _round_up(network.radius("scale" if heads == "scale" else "mean"), scale)
    maps = [
        hr.new_empty(1, 3, height // scale, width // scale)
        for _ in range(2 if heads == "scale" else 1)
    ]
    for top in range(0, height, side):
        for left in range(0, width, side):
            rows, columns = _span(top, side, reach, height), _span(left, side, reach, width)
            window = hr[..., slice(*rows), slice(*columns)]
            parts = _heads_of_window(network, window, scale_map=heads == "scale")
            bottom, right = min(top + side, height), min(left + side, width)
            for whole, part in zip(maps, parts, strict=True):
                whole[..., top // scale : bottom // scale, left // scale : right // scale] = part[
                    ...,
                    (top - rows[0]) // scale : (bottom - rows[0]) // scale,
                    (left - columns[0]) // scale : (right - columns[0]) // scale,
                ]
    return LrDistribution(maps[0], maps[1] if len(maps) > 1 else None, None)


def _heads_of_window(network: Downsampler, window: Tensor, *, scale_map: bool) -> list[Tensor]:
    if not scale_map:
        return [network(window)]
    distribution = network(window, heads="scale")
    assert distribution.log_scale is not None
    return [distribution.mean, distribution.log_scale]


def _span(start: int, side: int, reach: int, length: int) -> tuple[int, int]:
    return max(0, start - reach), min(length, start + side + reach)


def _round_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple


def to_png_levels(image: Tensor) -> NDArray[np.uint8]:
    """``(3, h, w)`` -> ``(h, w, 3)`` uint8: ``floor(clip(255 x + 0.5, 0, 255))``, in float32.

    This is the rule of the published low-resolution images; elsewhere srcore rounds half to even.
    """
    levels = image.detach().to(torch.float32).mul(255).add(0.5).clamp(0, 255)
    return np.ascontiguousarray(levels.to(torch.uint8).permute(1, 2, 0).cpu().numpy())


def heat_map(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """``(h, w)`` -> picture ``(h, w, 3)``: smallest value blue, largest red (OpenCV's JET)."""
    low, high = float(values.min()), float(values.max())
    levels = np.rint((values - low) / max(high - low, 1e-12) * 255).astype(np.uint8)
    picture = cv2.applyColorMap(levels, cv2.COLORMAP_JET)
    return np.ascontiguousarray(picture[..., ::-1])
