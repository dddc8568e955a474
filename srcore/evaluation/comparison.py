"""Pictures that show differences: side-by-side strips and error maps."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from srcore.images import PictureArray
from srcore.metrics.color import luma

_GAP = 8
_CAPTION = 24
#: Error of Y in gray levels that is drawn in the brightest color.
_LARGEST_ERROR = 64


def strip(columns: Mapping[str, PictureArray]) -> PictureArray:
    """Pictures of one size side by side, each below its name.

    Pictures are ``(H, W, 3)`` in 0..255; so is the result, wider and a caption higher.
    """
    height = next(iter(columns.values())).shape[0]
    gap = np.full((height + _CAPTION, _GAP, 3), 255, np.uint8)
    pieces: list[PictureArray] = []
    for name, picture in columns.items():
        pieces += [np.concatenate([_caption(name, picture.shape[1]), picture]), gap]
    return np.concatenate(pieces[:-1], axis=1)


def _caption(text: str, width: int) -> PictureArray:
    line = np.full((_CAPTION, width, 3), 255, np.uint8)
    (length, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.5, 1)
    size = 0.5 * min(1.0, (width - 4) / max(1, length))
    if size > 0.1:
        cv2.putText(line, text, (2, 16), cv2.FONT_HERSHEY_SIMPLEX, size, (0, 0, 0), 1, cv2.LINE_AA)
    return line


def error_map(sr: PictureArray, hr: PictureArray) -> PictureArray:
    """Absolute error of Y in colors: black is 0, the brightest 64 of 255 gray levels or more.

    Pictures are ``(H, W, 3)`` in 0..255, the map too.

    The range is fixed, so that maps of different models can be compared.
    """
    error = np.abs(luma(sr) - luma(hr))
    levels = np.clip(error * (255 / _LARGEST_ERROR), 0, 255).astype(np.uint8)
    colored = cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO)
    return np.asarray(cv2.cvtColor(colored, cv2.COLOR_BGR2RGB), np.uint8)
