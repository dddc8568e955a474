"""Side-by-side pictures of validation images: bicubic | super-resolved | ground truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from srcore.data.images import write_image
from srcore.transforms.resize import resize_uint8

if TYPE_CHECKING:
    from srcore.engine.validation import ValidationImage

_GAP = 8


def write_strip(path: Path, result: ValidationImage) -> Path:
    """Write the strip of one image; pictures of an image without ground truth have two columns."""
    assert result.sr is not None
    assert result.lr is not None
    height, width = result.sr.shape[:2]
    bicubic = resize_uint8(result.lr, size=(height, width))
    columns = [bicubic, result.sr] + ([result.hr] if result.hr is not None else [])
    gap = np.full((height, _GAP, 3), 255, np.uint8)
    pieces = [piece for column in columns for piece in (column[:height, :width], gap)][:-1]
    write_image(path, np.concatenate(pieces, axis=1))
    return path
