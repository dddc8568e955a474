"""Artifact maps to look at."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from srcore.images import to_tensor
from srcore.options.declaration import defaults
from srcore.runs.strips import side_by_side
from srplug_ldl.losses import artifact_map, residual
from srplug_ldl.options import LDLOptions

_DEFAULT = defaults(LDLOptions)

PictureArray = NDArray[np.uint8]


def map_of_images(
    sr: NDArray[Any],
    ema: NDArray[Any] | None,
    hr: NDArray[Any],
    *,
    window_size: int = _DEFAULT.window_size,
    exponent: float = _DEFAULT.exponent,
) -> NDArray[np.float32]:
    """The artifact map of integer images ``(H, W, C)`` of one size; ``(H, W)``, >= 0.

    Args:
        sr: the generator's output.
        ema: the EMA generator's output; None: no refinement.
        hr: ground truth.
        window_size: odd side of the windows.
        exponent: power of the image's residual variance.
    """
    wanted = to_tensor(hr)[None]
    errors = residual(to_tensor(sr)[None], wanted)
    others = residual(to_tensor(ema)[None], wanted) if ema is not None else None
    artifacts = artifact_map(errors, others, window_size=window_size, exponent=exponent)
    values: NDArray[np.float32] = artifacts[0, 0].numpy()
    return values


def heat_picture(values: NDArray[np.float32], maximum: float | None = None) -> PictureArray:
    """A map ``(H, W)`` as colors from black (0) over red to pale yellow (the maximum).

    Brightness grows with the root of the value: maps hold squares and span several decades.

    Args:
        values: the map.
        maximum: value of the brightest color; None: the map's largest.
    """
    largest = float(values.max()) if maximum is None else maximum
    share = np.sqrt(np.clip(values / largest, 0, 1)) if largest > 0 else np.zeros_like(values)
    levels = np.round(share * 255).astype(np.uint8)
    return np.ascontiguousarray(cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO)[..., ::-1])


def comparison(
    sr: PictureArray,
    ema: PictureArray | None,
    hr: PictureArray,
    values: NDArray[np.float32],
    heat: PictureArray,
) -> PictureArray:
    """SR | EMA SR | HR | artifact map.

    All of one size, ``(H, W, 3)``, the values of the map ``(H, W)``.
    """
    columns = [("generator", sr), ("EMA", ema), ("ground truth", hr)]
    caption = f"artifacts  max {values.max():.3g}  mean {values.mean():.3g}"
    return side_by_side(
        [(name, image) for name, image in columns if image is not None] + [(caption, heat)]
    )
