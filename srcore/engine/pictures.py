"""Side-by-side pictures of validation images: bicubic | super-resolved | ground truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from srcore.data.images import write_image
from srcore.transforms.resize import resize_uint8

if TYPE_CHECKING:
    from srcore.engine.validation import ValidationImage

_GAP = 8
_CAPTION_HEIGHT = 24


def write_strip(path: Path, result: ValidationImage) -> Path:
    """Write the strip of one image; without ground truth it has two columns."""
    assert result.sr is not None
    assert result.lr is not None
    height, width = result.sr.shape[:2]
    bicubic = resize_uint8(result.lr, size=(height, width))
    values = "  ".join(f"{name} {value:.4g}" for name, value in result.values.items())
    columns = [("bicubic", bicubic), (f"trained  {values}", result.sr)]
    if result.hr is not None:
        columns.append(("ground truth", result.hr))
    write_image(path, side_by_side(columns))
    return path


def side_by_side(columns: list[tuple[str, NDArray[Any]]]) -> NDArray[np.uint8]:
    """Pictures ``(H, W, 3)`` in a row, each below its caption; lower ones are filled with white."""
    height = max(picture.shape[0] for _, picture in columns)
    pieces = []
    for caption, picture in columns:
        column = np.full((height + _CAPTION_HEIGHT, picture.shape[1], 3), 255, np.uint8)
        column[_CAPTION_HEIGHT : _CAPTION_HEIGHT + picture.shape[0]] = picture
        cv2.putText(
            column, caption, (2, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 1, cv2.LINE_AA
        )
        gap = np.full((height + _CAPTION_HEIGHT, _GAP, 3), 255, np.uint8)
        pieces += [column, gap]
    return np.concatenate(pieces[:-1], axis=1)
