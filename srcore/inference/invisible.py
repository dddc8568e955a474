"""Colors of transparent pixels, which networks would spread into what is seen."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray


def with_visible_colors(image: NDArray[Any]) -> NDArray[Any]:
    """Give every pixel of alpha 0 the colors of the nearest one that is seen; alpha stays.

    Args:
        image: ``(H, W, C)``; returned as it is without alpha, or if all of it or nothing is seen.
    """
    if image.shape[-1] not in (2, 4):
        return image
    is_invisible = image[..., -1] == 0
    if not is_invisible.any() or is_invisible.all():
        return image
    _, labels = cv2.distanceTransformWithLabels(
        is_invisible.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    # Every visible pixel has a label of its own.
    rows, columns = np.nonzero(~is_invisible)
    colors = np.empty((int(labels.max()) + 1, image.shape[-1] - 1), image.dtype)
    colors[labels[rows, columns]] = image[rows, columns, :-1]
    result: NDArray[Any] = image.copy()
    result[is_invisible, :-1] = colors[labels[is_invisible]]
    return result
