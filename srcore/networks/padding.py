"""Padding of images to sides that a network can work with."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def pad_to_multiple(image: Tensor, multiple: int) -> Tensor:
    """Mirror an image at its right and bottom edge until its sides are multiples of ``multiple``.

    The edge pixels are not repeated. Images with fewer pixels than are missing are mirrored to
    and fro; one single row or column is repeated.

    Args:
        image: ``(N, C, H, W)``; returned as it is where nothing is missing.
        multiple: what the sides of the result are divisible by.
    """
    down, right = -image.shape[-2] % multiple, -image.shape[-1] % multiple
    while down or right:
        # A reflection can add one pixel less than there are.
        rows, columns = min(down, image.shape[-2] - 1), min(right, image.shape[-1] - 1)
        if (down and not rows) or (right and not columns):
            rows, columns = (0 if rows else down), (0 if columns else right)
            image = F.pad(image, (0, columns, 0, rows), mode="replicate")
        else:
            image = F.pad(image, (0, columns, 0, rows), mode="reflect")
        down, right = down - rows, right - columns
    return image
